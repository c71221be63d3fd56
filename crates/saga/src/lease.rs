//! Claiming a run, keeping it, and reporting about it: the SQL of workers.

use std::time::Duration;

use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use crate::lane::Lane;
use crate::locked_run::append;
use crate::notify::notify_change;
use crate::saga::SagaId;
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
    pub(crate) version: i16,
    pub(crate) lane: Lane,
    pub(crate) scope: Uuid,
    pub(crate) subject: Uuid,
    pub(crate) params: Value,
}

/// Whether a run that waits for its next attempt after a failure is left waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Now,
    IgnoreBackoff,
}

impl Due {
    fn until(self, at: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::Now => at,
            Self::IgnoreBackoff => datetime!(9999-01-01 0:00 UTC),
        }
    }
}

/// What a worker may claim: sagas it knows, by name and version, in the lanes in which it has room.
pub(crate) struct Claimable {
    pub(crate) names: Vec<String>,
    pub(crate) versions: Vec<i16>,
    pub(crate) lanes: Vec<String>,
    pub(crate) per_tenant: Vec<i64>,
}

/// Claims one run that is due and that nobody holds. A tenant of whose runs enough are held already in that
/// lane waits, except for what ends a run: nobody's runs keep all others waiting. A parked run is due
/// when its time has come; back-offs alone can be ignored.
pub(crate) async fn claim(
    pool: &PgPool,
    claimable: &Claimable,
    due: Due,
    at: OffsetDateTime,
    length: Duration,
) -> Result<Option<ClaimedRun>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        with open_lane as (
            select open.lane, open.per_tenant from unnest($5::text[], $6::int8[]) as open (lane, per_tenant)
        ), full_tenant as (
            select held.scope, held.lane
            from sagas held
            join open_lane on open_lane.lane = held.lane
            where held.held and held.lease_until >= $1
            group by held.scope, held.lane, open_lane.per_tenant
            having count(*) >= open_lane.per_tenant
        )
        update sagas
        set fence = fence + 1, lease_until = $2, heartbeat_at = $1,
            state = case state when 'waiting' then 'running' else state end
        where id = (
            select candidate.id
            from open_lane
            cross join lateral (
                select run.id
                from sagas run
                where run.lane = open_lane.lane
                    and run.finished_at is null
                    and run.state <> 'stuck'
                    and run.next_run_at <= $7
                    and (run.next_run_at <= $1 or run.failures > 0)
                    and (run.lease_until is null or run.lease_until < $1)
                    and (run.name, run.version) in (
                        select known.name, known.version
                        from unnest($3::text[], $4::int2[]) as known (name, version)
                    )
                    and (
                        run.state = 'unwinding'
                        or run.cancel_requested_at is not null
                        or (run.scope, run.lane) not in (select scope, lane from full_tenant)
                    )
                order by run.next_run_at
                limit 1
                for update of run skip locked
            ) candidate
            limit 1
        )
        returning id as "id: SagaId", fence, name, version, lane as "lane: Lane", scope, subject, params
        "#,
        at,
        at + length,
        &claimable.names,
        &claimable.versions,
        &claimable.lanes,
        &claimable.per_tenant,
        due.until(at)
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| ClaimedRun {
        lease: Lease {
            id: row.id,
            fence: row.fence,
        },
        name: row.name,
        version: row.version,
        lane: row.lane,
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
        set lease_until = null,
            interrupted_starts = least(interrupted_starts, greatest(interrupted_starts - 1, 1))
        where id = $1 and fence = $2 and lease_until is not null
        "#,
        lease.id.0,
        lease.fence
    )
    .execute(pool)
    .await?;
    Ok(())
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
