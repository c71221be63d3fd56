//! Starting, cancelling and reading runs: the SQL for the code around a saga.
//!
//! Every look at a run names the tenant. The SQL of workers is in `lease`.

use std::collections::HashMap;

use serde_json::{Value, json};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StartError;
use crate::run::{Filter, LogRow, Position, Run, RunState, StepRow, StepState};
use crate::saga::{NewSaga, Saga, SagaId};

/// Writes a run down in the caller's transaction; a worker takes it once that is committed.
pub async fn start<S: Saga>(
    db: &mut PgConnection,
    new: NewSaga,
    params: &S::Params,
    at: OffsetDateTime,
) -> Result<(), StartError> {
    let params = serde_json::to_value(params).map_err(|source| StartError::Params {
        saga: S::NAME,
        source,
    })?;
    while !insert(db, S::NAME, &new, &params, at).await? {
        if let Some(busy) = holder_of(db, new.exclusive.as_deref()).await? {
            return Err(busy);
        }
    }
    insert_steps::<S>(db, new.id).await?;
    wake_workers(db).await?;
    notify_change(db, new.id, new.scope, new.subject).await?;
    Ok(())
}

async fn insert(
    db: &mut PgConnection,
    name: &str,
    new: &NewSaga,
    params: &Value,
    at: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
        r#"
        insert into sagas (
            id, name, scope, subject, title, started_by, started_by_id, exclusive_key, params, state,
            next_step, starts, failures, phase, percent, detail, next_run_at, fence, created_at, updated_at
        )
        values ($1, $2, $3, $4, $5, $6, $10, $7, $8, 'queued', 0, 0, 0, 'Waiting', 0, '', $9, 0, $9, $9)
        on conflict (exclusive_key) where finished_at is null do nothing
        "#,
        new.id.0,
        name,
        new.scope,
        new.subject,
        new.title,
        new.started_by,
        new.exclusive,
        params,
        at,
        new.started_by_id
    )
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn holder_of(
    db: &mut PgConnection,
    exclusive: Option<&str>,
) -> Result<Option<StartError>, sqlx::Error> {
    let holder = sqlx::query!(
        r#"
        select id as "id: SagaId", title, state = 'stuck' as "stuck!"
        from sagas
        where exclusive_key = $1 and finished_at is null
        "#,
        exclusive
    )
    .fetch_optional(db)
    .await?;
    Ok(holder.map(|row| StartError::Busy {
        other: row.id,
        title: row.title,
        stuck: row.stuck,
    }))
}

async fn insert_steps<S: Saga>(db: &mut PgConnection, id: SagaId) -> Result<(), sqlx::Error> {
    for (position, step) in (0_i16..).zip(S::steps()) {
        sqlx::query!(
            r#"
            insert into saga_steps (saga_id, position, name, title, state)
            values ($1, $2, $3, $4, 'pending')
            "#,
            id.0,
            position,
            step.name,
            step.title
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Asks to cancel a run. `false` when it has ended, is already unwinding or is not this tenant's.
pub async fn request_cancel(
    db: &mut PgConnection,
    scope: Uuid,
    id: SagaId,
    at: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let asked = sqlx::query!(
        r#"
        update sagas
        set cancel_requested_at = coalesce(cancel_requested_at, $3), next_run_at = $3, updated_at = $3
        where scope = $1 and id = $2 and state in ('queued', 'running')
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
        set state = 'unwinding', stuck_because = null, starts = 0, failures = 0, next_run_at = $3,
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

/// Ends the stuck runs at work on something that is no more: there is nothing left to undo.
pub async fn give_up_stuck(
    db: &mut PgConnection,
    scope: Uuid,
    subject: Uuid,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let ended = sqlx::query!(
        r#"
        update sagas
        set state = 'failed', ends_as = coalesce(ends_as, 'failed'), stuck_because = null, finished_at = $3, updated_at = $3
        where scope = $1 and subject = $2 and state = 'stuck'
        returning id as "id: SagaId"
        "#,
        scope,
        subject,
        at
    )
    .fetch_all(&mut *db)
    .await?;
    for run in ended {
        notify_change(db, run.id, scope, subject).await?;
    }
    Ok(())
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
    sqlx::query_as!(
        Run,
        r#"
        select
            id as "id: SagaId", name, scope, subject, title, started_by, state as "state: RunState",
            cancel_requested_at is not null as "cancel_requested!", phase, percent, detail,
            nullif(concat_ws(' ', error, stuck_because), '') as error,
            heartbeat_at, created_at, updated_at, finished_at
        from sagas
        where scope = $1 and id = $2
        "#,
        scope,
        id.0
    )
    .fetch_optional(db)
    .await
}

/// A page of runs, newest first, after the position given.
pub async fn list(
    db: &mut PgConnection,
    scope: Uuid,
    filter: Filter,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<Run>, sqlx::Error> {
    sqlx::query_as!(
        Run,
        r#"
        select
            id as "id: SagaId", name, scope, subject, title, started_by, state as "state: RunState",
            cancel_requested_at is not null as "cancel_requested!", phase, percent, detail,
            nullif(concat_ws(' ', error, stuck_because), '') as error,
            heartbeat_at, created_at, updated_at, finished_at
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
    .fetch_all(db)
    .await
}

/// The runs with these ids, newest first.
pub async fn by_ids(
    db: &mut PgConnection,
    scope: Uuid,
    ids: &[SagaId],
) -> Result<Vec<Run>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query_as!(
        Run,
        r#"
        select
            id as "id: SagaId", name, scope, subject, title, started_by, state as "state: RunState",
            cancel_requested_at is not null as "cancel_requested!", phase, percent, detail,
            nullif(concat_ws(' ', error, stuck_because), '') as error,
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

/// The log of a run after the line with the number given; 0 for all of it.
pub async fn log(
    db: &mut PgConnection,
    scope: Uuid,
    id: SagaId,
    after_seq: i64,
) -> Result<Vec<LogRow>, sqlx::Error> {
    sqlx::query_as!(
        LogRow,
        r#"
        select entry.seq, entry.at, entry.line
        from saga_log entry
        join sagas on sagas.id = entry.saga_id
        where sagas.scope = $1 and sagas.id = $2 and entry.seq > $3
        order by entry.seq
        "#,
        scope,
        id.0,
        after_seq
    )
    .fetch_all(db)
    .await
}

/// Tells whoever listens on `changes` that something about a run is different now.
pub(crate) async fn notify_change(
    db: &mut PgConnection,
    id: SagaId,
    scope: Uuid,
    subject: Uuid,
) -> Result<(), sqlx::Error> {
    let keys = [
        format!("operation:{id}"),
        "operations".to_owned(),
        format!("subject:{subject}"),
    ];
    let payload = json!({ "scope": scope, "keys": keys }).to_string();
    sqlx::query!("select pg_notify('changes', $1)", payload)
        .execute(db)
        .await?;
    Ok(())
}

async fn wake_workers(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_notify('sagas', '')")
        .execute(db)
        .await?;
    Ok(())
}
