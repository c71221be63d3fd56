//! Claiming runs, keeping them, and reporting about them: the SQL of workers.

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
    /// How long it goes on without a sign of life.
    pub(crate) length: Duration,
}

impl Lease {
    /// How long a transaction under this lease may be silent, as a setting of the server.
    pub(crate) fn silence(&self) -> String {
        self.length.as_millis().max(1).to_string()
    }
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
    /// How many runs of each lane.
    pub(crate) room: Vec<i64>,
    pub(crate) per_tenant: Vec<i64>,
}

/// What a claim has brought.
pub(crate) struct Claim {
    pub(crate) runs: Vec<ClaimedRun>,
    /// Whether others were at some of the runs just then: there may be more to take.
    pub(crate) contended: bool,
}

/// Claims the runs that are due and that nobody holds, as many as there is room for. A tenant of whose runs enough
/// are held already in that lane waits, except for what ends a run: nobody's runs keep all others waiting. A
/// parked run is due when its time has come; back-offs alone can be ignored.
pub(crate) async fn claim(
    db: &mut PgConnection,
    claimable: &Claimable,
    due: Due,
    at: OffsetDateTime,
    length: Duration,
) -> Result<Claim, sqlx::Error> {
    let rows = sqlx::query_file!(
        "src/claim.sql",
        at,
        &claimable.names,
        &claimable.versions,
        &claimable.lanes,
        &claimable.room,
        &claimable.per_tenant,
        due.until(at),
        at + length
    )
    .fetch_all(db)
    .await?;
    let chosen = rows.first().map_or(0, |row| row.chosen);
    let runs: Vec<ClaimedRun> = rows
        .into_iter()
        .filter_map(|row| {
            Some(ClaimedRun {
                lease: Lease {
                    id: row.id?,
                    fence: row.fence?,
                    length,
                },
                name: row.name?,
                version: row.version?,
                lane: row.lane?,
                scope: row.scope?,
                subject: row.subject?,
                params: row.params?,
            })
        })
        .collect();
    let contended = usize::try_from(chosen).is_ok_and(|chosen| chosen > runs.len());
    Ok(Claim { runs, contended })
}

/// When there may be something to claim next, of which nobody tells: a run's time comes, or a lease ends.
pub(crate) async fn next_due(
    db: &mut PgConnection,
    at: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select least(
            (
                select next_run_at
                from sagas
                where finished_at is null and state <> 'stuck' and next_run_at is not null and not held
                    and next_run_at > $1
                order by next_run_at
                limit 1
            ),
            (select min(lease_until) from sagas where held and lease_until >= $1)
        )
        "#,
        at
    )
    .fetch_one(db)
    .await
}

/// What a heartbeat has done for one run.
pub(crate) struct Beat {
    pub(crate) id: SagaId,
    pub(crate) fence: i64,
    /// Whether its lease goes on; `false` when it is another worker's or was let go.
    pub(crate) kept: bool,
}

/// Gives a sign of life for all runs that a worker holds, by id and fence. A run whose row somebody else has locked
/// just then is not in the answer.
pub(crate) async fn heartbeat(
    db: &mut PgConnection,
    held: &[(SagaId, i64)],
    at: OffsetDateTime,
    length: Duration,
) -> Result<Vec<Beat>, sqlx::Error> {
    let (ids, fences): (Vec<Uuid>, Vec<i64>) =
        held.iter().map(|(id, fence)| (id.0, *fence)).unzip();
    sqlx::query_as!(
        Beat,
        r#"
        with held as (
            select held.id, held.fence from unnest($1::uuid[], $2::int8[]) as held (id, fence)
        ), free as (
            select run.id
            from sagas run
            join held on held.id = run.id and held.fence = run.fence
            where run.lease_until is not null
            for no key update of run skip locked
        ), beaten as (
            update sagas
            set heartbeat_at = $3, lease_until = greatest(lease_until, $4)
            where id in (select id from free)
            returning id
        )
        select held.id as "id!: SagaId", held.fence as "fence!", held.id in (select id from beaten) as "kept!"
        from held
        where held.id in (select id from beaten)
            or not exists (
                select from sagas run
                where run.id = held.id and run.fence = held.fence and run.lease_until is not null
            )
        "#,
        &ids,
        &fences,
        at,
        at + length
    )
    .fetch_all(db)
    .await
}

/// Lets go of a run and wakes the workers, so that another may take it at once. The step under way stays begun, but
/// being asked to stop does not count as an interruption.
pub(crate) async fn release(pool: &PgPool, lease: Lease) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        with released as (
            update sagas
            set lease_until = null,
                interrupted_starts = least(interrupted_starts, greatest(interrupted_starts - 1, 1))
            where id = $1 and fence = $2 and lease_until is not null
            returning id
        )
        select pg_notify('sagas', '') from released
        "#,
        lease.id.0,
        lease.fence
    )
    .fetch_optional(pool)
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
