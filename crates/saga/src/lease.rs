//! Claiming a run, keeping it, and changing it under its fence: the SQL of workers.

use std::time::Duration;

use serde_json::Value;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::run::{RunState, StepState};
use crate::saga::SagaId;
use crate::store::notify_change;
use crate::text;

/// The right to work on a run, until a later claim raises the fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) id: SagaId,
    pub(crate) fence: i64,
}

/// A run that this worker has claimed, with what never changes about it.
pub(crate) struct ClaimedRun {
    pub(crate) lease: Lease,
    pub(crate) name: String,
    pub(crate) scope: Uuid,
    pub(crate) subject: Uuid,
    pub(crate) params: Value,
}

/// Whether a run that waits for its next attempt is left waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Now,
    IgnoreBackoff,
}

/// Claims one run whose saga is among `names` and which nobody holds. A tenant of whose runs `per_tenant_limit`
/// are held already waits, except for what ends a run: nobody's runs keep all others waiting.
pub(crate) async fn claim(
    pool: &PgPool,
    names: &[String],
    due: Due,
    at: OffsetDateTime,
    length: Duration,
    per_tenant_limit: i64,
) -> Result<Option<ClaimedRun>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        update sagas
        set fence = fence + 1, lease_until = $3, heartbeat_at = $2
        where id = (
            select run.id
            from sagas run
            where run.finished_at is null
                and run.state <> 'stuck'
                and run.name = any($1)
                and (run.next_run_at <= $2 or $4)
                and (run.lease_until is null or run.lease_until < $2)
                and (
                    run.state = 'unwinding'
                    or run.cancel_requested_at is not null
                    or $5 > (
                        select count(*)
                        from sagas held
                        where held.scope = run.scope
                            and held.finished_at is null
                            and held.lease_until >= $2
                    )
                )
            order by run.next_run_at
            limit 1
            for update of run skip locked
        )
        returning id as "id: SagaId", fence, name, scope, subject, params
        "#,
        names,
        at,
        at + length,
        due == Due::IgnoreBackoff,
        per_tenant_limit
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| ClaimedRun {
        lease: Lease {
            id: row.id,
            fence: row.fence,
        },
        name: row.name,
        scope: row.scope,
        subject: row.subject,
        params: row.params,
    }))
}

/// Gives a sign of life. `false` when the run is no longer this worker's.
pub(crate) async fn heartbeat(
    pool: &PgPool,
    lease: Lease,
    at: OffsetDateTime,
    length: Duration,
) -> Result<bool, sqlx::Error> {
    let kept = sqlx::query!(
        r#"
        update sagas
        set heartbeat_at = $3, lease_until = $4
        where id = $1 and fence = $2 and lease_until is not null
        "#,
        lease.id.0,
        lease.fence,
        at,
        at + length
    )
    .execute(pool)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Lets go of a run so that another worker may take it at once. The step under way stays begun, but
/// being asked to stop does not count as an interruption.
pub(crate) async fn release(pool: &PgPool, lease: Lease) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update sagas
        set lease_until = null, starts = least(starts, greatest(starts - 1, 1))
        where id = $1 and fence = $2 and lease_until is not null
        "#,
        lease.id.0,
        lease.fence
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// What changes about a run while it is worked on.
#[derive(Clone, Debug)]
pub(crate) struct RunRow {
    pub(crate) scope: Uuid,
    pub(crate) subject: Uuid,
    pub(crate) state: RunState,
    pub(crate) next_step: i16,
    pub(crate) starts: i16,
    pub(crate) failures: i16,
    pub(crate) ends_as: Option<RunState>,
    pub(crate) phase: String,
    pub(crate) percent: i16,
    pub(crate) detail: String,
    pub(crate) error: Option<String>,
    pub(crate) stuck_because: Option<String>,
    pub(crate) cancel_requested: bool,
    pub(crate) next_run_at: OffsetDateTime,
    pub(crate) lease_until: Option<OffsetDateTime>,
    pub(crate) finished_at: Option<OffsetDateTime>,
}

/// What is stored of a step, as the executor needs it.
pub(crate) struct StepRecord {
    pub(crate) name: String,
    pub(crate) output: Option<Value>,
}

/// A run locked for a change, in a transaction of its own. Dropped without [`LockedRun::save`], nothing
/// has changed.
pub(crate) struct LockedRun {
    tx: Transaction<'static, Postgres>,
    id: SagaId,
    pub(crate) at: OffsetDateTime,
    pub(crate) row: RunRow,
}

impl LockedRun {
    /// Locks the run; `None` when another worker has claimed it since or it was let go.
    pub(crate) async fn open(
        pool: &PgPool,
        lease: Lease,
        at: OffsetDateTime,
    ) -> Result<Option<Self>, sqlx::Error> {
        let mut tx = pool.begin().await?;
        let row = sqlx::query_as!(
            RunRow,
            r#"
            select
                scope, subject, state as "state: RunState", next_step, starts, failures,
                ends_as as "ends_as: RunState", phase, percent, detail, error, stuck_because,
                cancel_requested_at is not null as "cancel_requested!", next_run_at, lease_until,
                finished_at
            from sagas
            where id = $1 and fence = $2 and lease_until is not null
            for update
            "#,
            lease.id.0,
            lease.fence
        )
        .fetch_optional(&mut *tx)
        .await?;
        Ok(row.map(|row| Self {
            tx,
            id: lease.id,
            at,
            row,
        }))
    }

    /// The steps as they were written down at the start, with their outputs so far.
    pub(crate) async fn recorded(&mut self) -> Result<Vec<StepRecord>, sqlx::Error> {
        sqlx::query_as!(
            StepRecord,
            "select name, output from saga_steps where saga_id = $1 order by position",
            self.id.0
        )
        .fetch_all(&mut *self.tx)
        .await
    }

    /// Writes where a step is, and why its latest attempt failed if it did.
    pub(crate) async fn step(
        &mut self,
        position: i16,
        state: StepState,
        error: Option<&str>,
    ) -> Result<(), sqlx::Error> {
        let under_way = matches!(state, StepState::Running | StepState::Undoing);
        sqlx::query!(
            r#"
            update saga_steps
            set state = $3, error = coalesce($4, error), started_at = coalesce(started_at, $5),
                finished_at = case when $6 then null else $5 end
            where saga_id = $1 and position = $2
            "#,
            self.id.0,
            position,
            state as StepState,
            error,
            self.at,
            under_way
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Writes a step's answer.
    pub(crate) async fn step_done(
        &mut self,
        position: i16,
        output: &Value,
    ) -> Result<(), sqlx::Error> {
        sqlx::query!(
            r#"
            update saga_steps
            set state = 'done', output = $3, error = null, finished_at = $4
            where saga_id = $1 and position = $2
            "#,
            self.id.0,
            position,
            output,
            self.at
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Adds a line to the run's log.
    pub(crate) async fn log(&mut self, line: &str) -> Result<(), sqlx::Error> {
        append(&mut self.tx, self.id, line, self.at).await
    }

    /// Writes the row, tells whoever listens, and commits.
    pub(crate) async fn save(mut self) -> Result<(), sqlx::Error> {
        let row = &self.row;
        sqlx::query!(
            r#"
            update sagas
            set state = $2, next_step = $3, starts = $4, failures = $5, ends_as = $6, phase = $7,
                percent = $8, detail = $9, error = $10, stuck_because = $11, next_run_at = $12,
                lease_until = $13, finished_at = $14, updated_at = $15
            where id = $1
            "#,
            self.id.0,
            row.state as RunState,
            row.next_step,
            row.starts,
            row.failures,
            row.ends_as as Option<RunState>,
            row.phase,
            row.percent,
            row.detail,
            row.error,
            row.stuck_because,
            row.next_run_at,
            row.lease_until,
            row.finished_at,
            self.at
        )
        .execute(&mut *self.tx)
        .await?;
        notify_change(&mut self.tx, self.id, row.scope, row.subject).await?;
        self.tx.commit().await
    }
}

/// Writes how far the step under way is. A worker that has lost the run changes nothing.
pub(crate) async fn progress(
    db: &mut PgConnection,
    lease: Lease,
    percent: Option<i16>,
    detail: &str,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let kept = sqlx::query!(
        r#"
        update sagas
        set percent = coalesce($3, percent), detail = $4, updated_at = $5
        where id = $1 and fence = $2 and lease_until is not null
        returning scope, subject
        "#,
        lease.id.0,
        lease.fence,
        percent,
        text::kept(detail),
        at
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(run) = kept else { return Ok(()) };
    notify_change(db, lease.id, run.scope, run.subject).await
}

/// Adds a line to the log of a run that is being worked on. A worker that has lost it adds nothing.
pub(crate) async fn log(
    db: &mut PgConnection,
    lease: Lease,
    line: &str,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let kept = sqlx::query!(
        r#"
        update sagas
        set updated_at = $3
        where id = $1 and fence = $2 and lease_until is not null
        returning scope, subject
        "#,
        lease.id.0,
        lease.fence,
        at
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(run) = kept else { return Ok(()) };
    append(db, lease.id, line, at).await?;
    notify_change(db, lease.id, run.scope, run.subject).await
}

/// Whether a cancel was asked for.
pub(crate) async fn cancel_requested(pool: &PgPool, lease: Lease) -> Result<bool, sqlx::Error> {
    let row = sqlx::query!(
        r#"select cancel_requested_at is not null as "asked!" from sagas where id = $1"#,
        lease.id.0
    )
    .fetch_one(pool)
    .await?;
    Ok(row.asked)
}

async fn append(
    db: &mut PgConnection,
    id: SagaId,
    line: &str,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into saga_log (saga_id, seq, at, line)
        select $1, coalesce(max(seq), 0) + 1, $2, $3
        from saga_log
        where saga_id = $1
        "#,
        id.0,
        at,
        text::kept(line)
    )
    .execute(db)
    .await?;
    Ok(())
}
