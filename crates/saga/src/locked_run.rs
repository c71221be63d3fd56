//! A run locked for one change under its fence.

use serde_json::Value;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::lease::Lease;
use crate::lock_queue;
use crate::notify::{notify_change, wake_workers};
use crate::run::{RunState, StepState};
use crate::saga::SagaId;
use crate::signals::{self, Signals};
use crate::text;

/// What changes about a run while it is worked on.
#[derive(Clone, Debug)]
pub(crate) struct RunRow {
    pub(crate) scope: Uuid,
    pub(crate) subject: Uuid,
    pub(crate) state: RunState,
    pub(crate) next_step: i16,
    pub(crate) interrupted_starts: i16,
    pub(crate) failures: i16,
    pub(crate) ends_as: Option<RunState>,
    pub(crate) phase: String,
    pub(crate) percent: i16,
    pub(crate) detail: String,
    pub(crate) error: Option<String>,
    pub(crate) stuck_because: Option<String>,
    pub(crate) cancel_requested: bool,
    pub(crate) waits_for: Option<String>,
    pub(crate) next_run_at: Option<OffsetDateTime>,
    pub(crate) lease_until: Option<OffsetDateTime>,
    pub(crate) finished_at: Option<OffsetDateTime>,
}

/// What is stored of a step, as the executor needs it.
pub(crate) struct StepRecord {
    pub(crate) name: String,
    pub(crate) output: Option<Value>,
    pub(crate) started_at: Option<OffsetDateTime>,
}

/// A run locked for a change, in a transaction of its own. Dropped without [`LockedRun::save`], nothing
/// has changed. The server ends it when nothing is heard of this worker for as long as a lease: a machine that is
/// gone must not keep the run locked.
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
                scope, subject, state as "state: RunState", next_step, interrupted_starts, failures,
                ends_as as "ends_as: RunState", phase, percent, detail, error, stuck_because,
                cancel_requested_at is not null as "cancel_requested!", waits_for, next_run_at,
                lease_until, finished_at
            from sagas
            where id = $1 and fence = $2 and lease_until is not null
                and set_config('idle_in_transaction_session_timeout', $3, true) is not null
            for update
            "#,
            lease.id.0,
            lease.fence,
            lease.silence()
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
            "select name, output, started_at from saga_steps where saga_id = $1 order by position",
            self.id.0
        )
        .fetch_all(&mut *self.tx)
        .await
    }

    /// The signals that the run was given so far.
    pub(crate) async fn signals(&mut self) -> Result<Signals, sqlx::Error> {
        signals::of(&mut self.tx, self.id).await
    }

    /// How many signals of this name it was given so far.
    pub(crate) async fn signal_times(&mut self, name: &str) -> Result<i32, sqlx::Error> {
        signals::times(&mut self.tx, self.id, name).await
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

    /// Writes the row, tells whoever listens, and commits. A run that has ended gives its locks back.
    pub(crate) async fn save(mut self) -> Result<(), sqlx::Error> {
        self.write().await?;
        notify_change(&mut self.tx, self.id, self.row.scope, self.row.subject).await?;
        if self.row.finished_at.is_some()
            && lock_queue::release(&mut self.tx, &[self.id], self.at).await?
        {
            wake_workers(&mut self.tx).await?;
        }
        self.tx.commit().await
    }

    /// Writes the row and commits, where nothing has changed that anybody is shown.
    pub(crate) async fn save_untold(mut self) -> Result<(), sqlx::Error> {
        self.write().await?;
        self.tx.commit().await
    }

    async fn write(&mut self) -> Result<(), sqlx::Error> {
        let row = &self.row;
        sqlx::query!(
            r#"
            update sagas
            set state = $2, next_step = $3, interrupted_starts = $4, failures = $5, ends_as = $6, phase = $7,
                percent = $8, detail = $9, error = $10, stuck_because = $11, next_run_at = $12,
                lease_until = $13, finished_at = $14, updated_at = $15, waits_for = $16
            where id = $1
            "#,
            self.id.0,
            row.state as RunState,
            row.next_step,
            row.interrupted_starts,
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
            self.at,
            row.waits_for
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

/// Adds a line to the log of a run that is locked.
pub(crate) async fn append(
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
