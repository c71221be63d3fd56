//! Who has a lock and who waits for it: the SQL of `saga_locks`.
//!
//! Requests for a name queue by number, and whether one is granted follows from the queue alone. Starts and
//! ends that touch the same name follow each other, by a lock of the transaction on that name; ends that
//! touch the same waiting run follow each other by its row. So no request is overlooked, whoever is killed.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::lock::{Lock, WhenTaken};
use crate::notify::notify_change;
use crate::saga::SagaId;

/// The run in the way of a request.
pub(crate) struct Blocker {
    pub(crate) id: SagaId,
    pub(crate) title: String,
    pub(crate) stuck: bool,
    /// Whether the request may wait for it.
    pub(crate) may_wait: bool,
}

/// Keeps the names for the caller's transaction and says who is in the way of the locks; first whoever
/// the request does not wait for.
pub(crate) async fn find_blocker(
    db: &mut PgConnection,
    locks: &[Lock],
) -> Result<Option<Blocker>, sqlx::Error> {
    if locks.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = locks.iter().map(|lock| lock.name.clone()).collect();
    let modes: Vec<String> = modes(locks);
    let may_wait: Vec<bool> = locks
        .iter()
        .map(|lock| lock.when_taken == WhenTaken::Wait)
        .collect();
    keep_names(db, names.clone()).await?;
    sqlx::query_as!(
        Blocker,
        r#"
        select run.id as "id: SagaId", run.title, run.state = 'stuck' as "stuck!", asked.may_wait as "may_wait!"
        from unnest($1::text[], $2::text[], $3::bool[]) as asked (name, mode, may_wait)
        join saga_locks taken on taken.name = asked.name and 'exclusive' in (taken.mode, asked.mode)
        join sagas run on run.id = taken.saga_id
        order by asked.may_wait, taken.number
        limit 1
        "#,
        &names,
        &modes,
        &may_wait
    )
    .fetch_optional(db)
    .await
}

/// Puts a run's requests at the end of the queues.
pub(crate) async fn enqueue(
    db: &mut PgConnection,
    id: SagaId,
    locks: &[Lock],
) -> Result<(), sqlx::Error> {
    if locks.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = locks.iter().map(|lock| lock.name.clone()).collect();
    sqlx::query!(
        r#"
        insert into saga_locks (saga_id, name, mode)
        select $1, asked.name, asked.mode
        from unnest($2::text[], $3::text[]) as asked (name, mode)
        "#,
        id.0,
        &names,
        &modes(locks)
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes ended runs out of the queues and makes those due whose turn has come. `true` when there are any.
pub(crate) async fn release(
    db: &mut PgConnection,
    ended: &[SagaId],
    at: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let ended: Vec<Uuid> = ended.iter().map(|id| id.0).collect();
    let names = sqlx::query_scalar!(
        "select distinct name from saga_locks where saga_id = any($1)",
        &ended
    )
    .fetch_all(&mut *db)
    .await?;
    if names.is_empty() {
        return Ok(false);
    }
    keep_names(db, names.clone()).await?;
    sqlx::query!("delete from saga_locks where saga_id = any($1)", &ended)
        .execute(&mut *db)
        .await?;
    let waiting = lock_waiting(db, &names).await?;
    move_up(db, &waiting, at).await
}

/// One transaction after the other goes on from here with any of these names.
async fn keep_names(db: &mut PgConnection, mut names: Vec<String>) -> Result<(), sqlx::Error> {
    names.sort_unstable();
    sqlx::query!(
        r#"
        select pg_advisory_xact_lock(hashtextextended('saga_locks:' || name, 0))
        from unnest($1::text[]) as name
        "#,
        &names
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The parked runs in the queues of these names, their rows locked.
async fn lock_waiting(db: &mut PgConnection, names: &[String]) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select run.id
        from sagas run
        where run.id in (select saga_id from saga_locks where name = any($1))
            and run.state = 'waiting' and run.waits_for is null and run.next_run_at is null
        order by run.id
        for no key update
        "#,
        names
    )
    .fetch_all(db)
    .await
}

/// Makes those due in whose way nobody is any more, and has the others say for whom they wait now.
pub(crate) async fn move_up(
    db: &mut PgConnection,
    waiting: &[Uuid],
    at: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    if waiting.is_empty() {
        return Ok(false);
    }
    let moved = sqlx::query!(
        r#"
        update sagas run
        set state = case when blocked.title is null then 'queued' else 'waiting' end,
            next_run_at = case when blocked.title is null then $2::timestamptz end,
            detail = coalesce('Waits for “' || blocked.title || '”.', ''),
            updated_at = $2
        from (
            select asked.id, (
                select other.title
                from saga_locks mine
                join saga_locks earlier
                    on earlier.name = mine.name and earlier.number < mine.number
                    and 'exclusive' in (earlier.mode, mine.mode)
                join sagas other on other.id = earlier.saga_id
                where mine.saga_id = asked.id
                order by earlier.number
                limit 1
            ) as title
            from unnest($1::uuid[]) as asked (id)
        ) blocked
        where run.id = blocked.id
        returning run.id as "id: SagaId", run.scope, run.subject, run.state = 'queued' as "due!"
        "#,
        waiting,
        at
    )
    .fetch_all(&mut *db)
    .await?;
    for run in &moved {
        notify_change(db, run.id, run.scope, run.subject).await?;
    }
    Ok(moved.iter().any(|run| run.due))
}

fn modes(locks: &[Lock]) -> Vec<String> {
    locks
        .iter()
        .map(|lock| lock.mode.name().to_owned())
        .collect()
}
