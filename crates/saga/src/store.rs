//! Starting, signalling, cancelling and reading runs: the SQL for the code around a saga.
//!
//! Every look at a run names the tenant. The SQL of workers is in `lease` and `locked_run`.

use std::collections::HashMap;

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StartError;
use crate::lock_queue;
use crate::new_run;
use crate::notify::{notify_change, wake_workers};
use crate::registry::Registry;
use crate::run::{Filter, Position, Run, RunState, StepRow, StepState, UnknownVersion};
use crate::saga::{NewSaga, Saga, SagaId, StarterKind, Subject};
use crate::signals;

/// Writes a run down in the caller's transaction; a worker takes it once that is committed. A run that waits
/// for a lock is parked until its turn comes.
pub async fn start<S: Saga>(
    db: &mut PgConnection,
    new: NewSaga,
    params: &S::Params,
    at: OffsetDateTime,
) -> Result<(), StartError> {
    let params = new_run::params::<S>(params).map_err(|source| StartError::Params {
        saga: S::NAME,
        source,
    })?;
    let blocker = lock_queue::find_blocker(db, &new.locks).await?;
    let waits = blocker.is_some();
    if let Some(blocker) = blocker.filter(|blocker| !blocker.may_wait) {
        return Err(StartError::Busy {
            other: blocker.id,
            title: blocker.title,
            stuck: blocker.stuck,
        });
    }
    new_run::insert::<S>(db, &new, &params, waits, at).await?;
    lock_queue::enqueue(db, new.id, &new.locks).await?;
    if waits {
        lock_queue::move_up(db, &[new.id.0], at).await?;
    }
    wake_workers(db).await?;
    notify_change(db, new.id, new.scope, new.subject.id).await?;
    Ok(())
}

/// Asks to cancel a run, and wakes it if it is parked. `false` when it has ended, is already unwinding or is not this tenant's.
pub async fn request_cancel(
    db: &mut PgConnection,
    scope: Uuid,
    id: SagaId,
    at: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let asked = sqlx::query!(
        r#"
        update sagas
        set cancel_requested_at = coalesce(cancel_requested_at, $3), next_run_at = $3, updated_at = $3,
            state = case state when 'waiting' then 'running' else state end, waits_for = null
        where scope = $1 and id = $2 and state in ('queued', 'running', 'waiting')
        returning subject
        "#,
        scope,
        id.0,
        at
    )
    .fetch_optional(&mut *db)
    .await?;
    announce(db, id, scope, asked.map(|row| row.subject)).await
}

/// Has the undo of a stuck run tried once more. `false` when it is not stuck or not this tenant's.
pub async fn resume_stuck(
    db: &mut PgConnection,
    scope: Uuid,
    id: SagaId,
    at: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let resumed = sqlx::query!(
        r#"
        update sagas
        set state = 'unwinding', stuck_because = null, interrupted_starts = 0, failures = 0, next_run_at = $3,
            updated_at = $3
        where scope = $1 and id = $2 and state = 'stuck'
        returning subject
        "#,
        scope,
        id.0,
        at
    )
    .fetch_optional(&mut *db)
    .await?;
    announce(db, id, scope, resumed.map(|row| row.subject)).await
}

/// Ends the stuck runs at work on things that are no more: there is nothing left to undo.
pub async fn give_up_stuck(
    db: &mut PgConnection,
    scope: Uuid,
    subjects: &[Uuid],
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    // In the order in which everybody locks several rows, and all rows before the first name.
    let ended = sqlx::query!(
        r#"
        with stuck as (
            select id
            from sagas
            where scope = $1 and subject = any($2) and state = 'stuck'
            order by id
            for no key update
        )
        update sagas
        set state = 'failed', ends_as = coalesce(ends_as, 'failed'), stuck_because = null, finished_at = $3, updated_at = $3
        where id in (select id from stuck)
        returning id as "id: SagaId", subject
        "#,
        scope,
        subjects,
        at
    )
    .fetch_all(&mut *db)
    .await?;
    let ids: Vec<SagaId> = ended.iter().map(|run| run.id).collect();
    if lock_queue::release(db, &ids, at).await? {
        wake_workers(db).await?;
    }
    for run in ended {
        notify_change(db, run.id, scope, run.subject).await?;
    }
    Ok(())
}

/// Gives a run a signal, in the caller's transaction: it is woken if it waits for one of this name, and finds it
/// later if it does not yet. Of signals with one name the latest counts. `false` when the run has ended
/// or is not this tenant's.
pub async fn signal(
    db: &mut PgConnection,
    scope: Uuid,
    id: SagaId,
    name: &str,
    value: &Value,
    at: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let locked = sqlx::query_scalar!(
        "select id from sagas where scope = $1 and id = $2 and finished_at is null for no key update",
        scope,
        id.0
    )
    .fetch_all(&mut *db)
    .await?;
    signals::give(db, &locked, name, value, at).await?;
    Ok(!locked.is_empty())
}

/// Gives the same signal to every unfinished run that works on one thing. The answer is how many there are.
pub async fn signal_subject(
    db: &mut PgConnection,
    scope: Uuid,
    subject: &Subject,
    name: &str,
    value: &Value,
    at: OffsetDateTime,
) -> Result<usize, sqlx::Error> {
    let locked = sqlx::query_scalar!(
        r#"
        select id from sagas
        where scope = $1 and subject_kind = $2 and subject = $3 and finished_at is null
        order by id
        for no key update
        "#,
        scope,
        subject.kind,
        subject.id
    )
    .fetch_all(&mut *db)
    .await?;
    signals::give(db, &locked, name, value, at).await?;
    Ok(locked.len())
}

async fn announce(
    db: &mut PgConnection,
    id: SagaId,
    scope: Uuid,
    subject: Option<Uuid>,
) -> Result<bool, sqlx::Error> {
    let Some(subject) = subject else {
        return Ok(false);
    };
    wake_workers(db).await?;
    notify_change(db, id, scope, subject).await?;
    Ok(true)
}

/// One run.
pub async fn get(
    db: &mut PgConnection,
    scope: Uuid,
    id: SagaId,
) -> Result<Option<Run>, sqlx::Error> {
    Ok(by_ids(db, scope, &[id]).await?.into_iter().next())
}

/// A page of runs, newest first, after the position given.
pub async fn list(
    db: &mut PgConnection,
    scope: Uuid,
    filter: Filter,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<Run>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        r#"
        select id as "id: SagaId"
        from sagas
        where scope = $1
            and ($2::uuid is null or subject = $2)
            and (not $3::bool or finished_at is null)
            and ($4::timestamptz is null or (created_at, id) < ($4, $5::uuid))
        order by created_at desc, id desc
        limit $6
        "#,
        scope,
        filter.subject,
        filter.unfinished_only,
        after.map(|position| position.created_at),
        after.map(|position| position.id.0),
        limit
    )
    .fetch_all(&mut *db)
    .await?;
    by_ids(db, scope, &ids).await
}

/// The runs with these ids, newest first.
pub async fn by_ids(
    db: &mut PgConnection,
    scope: Uuid,
    ids: &[SagaId],
) -> Result<Vec<Run>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query_as!(
        Run,
        r#"
        select
            id as "id: SagaId", name, scope, subject_kind, subject, title, started_by,
            started_by_kind as "started_by_kind: StarterKind", started_by_id, state as "state: RunState",
            cancel_requested_at is not null as "cancel_requested!", phase, percent, detail,
            nullif(concat_ws(' ', error, stuck_because), '') as error,
            waits_for,
            case when state in ('waiting', 'unwinding') and not held and interrupted_starts = 1 then next_run_at end as wakes_at,
            heartbeat_at, created_at, updated_at, finished_at
        from sagas
        where scope = $1 and id = any($2)
        order by created_at desc, id desc
        "#,
        scope,
        &ids
    )
    .fetch_all(db)
    .await
}

/// The runs at work on one thing, stuck ones among them, newest first.
pub async fn unfinished_for(
    db: &mut PgConnection,
    scope: Uuid,
    subject: Uuid,
) -> Result<Vec<Run>, sqlx::Error> {
    let filter = Filter {
        subject: Some(subject),
        unfinished_only: true,
    };
    list(db, scope, filter, None, i64::MAX).await
}

/// For each thing whose last run failed or is stuck, the title of that run.
pub async fn last_failures(
    db: &mut PgConnection,
    scope: Uuid,
    subjects: &[Uuid],
) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select asked.subject as "subject!", last.title
        from unnest($2::uuid[]) as asked (subject)
        cross join lateral (
            select title, state from sagas
            where scope = $1 and sagas.subject = asked.subject
            order by created_at desc, id desc
            limit 1
        ) last
        where last.state in ('failed', 'stuck')
        "#,
        scope,
        subjects
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.subject, row.title))
        .collect())
}

/// The steps of a run in their order; none when the run is not this tenant's.
pub async fn steps(
    db: &mut PgConnection,
    scope: Uuid,
    id: SagaId,
) -> Result<Vec<StepRow>, sqlx::Error> {
    sqlx::query_as!(
        StepRow,
        r#"
        select
            step.position, step.name, step.title, step.state as "state: StepState", step.error,
            step.started_at, step.finished_at
        from saga_steps step
        join sagas on sagas.id = step.saga_id
        where sagas.scope = $1 and sagas.id = $2
        order by step.position
        "#,
        scope,
        id.0
    )
    .fetch_all(db)
    .await
}

/// The unfinished runs, of all tenants, that no worker with this registry takes: their saga is not known
/// any more, or not in the version that has started them. Oldest first.
pub async fn unknown_versions<C: Send + Sync + 'static>(
    db: &mut PgConnection,
    registry: &Registry<C>,
) -> Result<Vec<UnknownVersion>, sqlx::Error> {
    let (names, versions) = registry.known();
    sqlx::query_as!(
        UnknownVersion,
        r#"
        select id as "id: SagaId", name, version, title
        from sagas
        where finished_at is null and (name, version) not in (
            select known.name, known.version from unnest($1::text[], $2::int2[]) as known (name, version)
        )
        order by created_at, id
        "#,
        &names,
        &versions
    )
    .fetch_all(db)
    .await
}
