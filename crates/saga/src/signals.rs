//! What runs are told from outside, and the parked runs that this wakes.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::notify::{notify_change, wake_workers};
use crate::saga::SagaId;
use crate::text;

/// The latest signal of a name, and how many of that name there were.
#[derive(Clone, Debug)]
pub(crate) struct Signal {
    pub(crate) value: Value,
    pub(crate) times: i32,
}

/// The signals of a run, by name.
pub(crate) type Signals = BTreeMap<String, Signal>;

/// What a run was given so far.
pub(crate) async fn of(db: &mut PgConnection, id: SagaId) -> Result<Signals, sqlx::Error> {
    let rows = sqlx::query!(
        "select name, value, times from saga_signals where saga_id = $1",
        id.0
    )
    .fetch_all(db)
    .await?;
    let signals = rows.into_iter().map(|row| {
        let (value, times) = (row.value, row.times);
        (row.name, Signal { value, times })
    });
    Ok(signals.collect())
}

/// How many signals of this name the run was given.
pub(crate) async fn times(
    db: &mut PgConnection,
    id: SagaId,
    name: &str,
) -> Result<i32, sqlx::Error> {
    let times = sqlx::query_scalar!(
        "select times from saga_signals where saga_id = $1 and name = $2",
        id.0,
        name
    )
    .fetch_optional(db)
    .await?;
    Ok(times.unwrap_or_default())
}

/// Gives the runs a signal and wakes those that wait for it. The runs must be unfinished and their rows
/// locked: a run is parked under the same lock, after a look at its signals.
pub(crate) async fn give(
    db: &mut PgConnection,
    runs: &[Uuid],
    name: &str,
    value: &Value,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    if runs.is_empty() {
        return Ok(());
    }
    let value = text::kept_json(value.clone());
    sqlx::query!(
        r#"
        insert into saga_signals (saga_id, name, value, times, at)
        select run.id, $2, $3, 1, $4
        from unnest($1::uuid[]) as run (id)
        on conflict (saga_id, name) do update
        set value = excluded.value, times = saga_signals.times + 1, at = excluded.at
        "#,
        runs,
        name,
        value,
        at
    )
    .execute(&mut *db)
    .await?;
    let woken = sqlx::query!(
        r#"
        update sagas
        set state = case state when 'waiting' then 'running' else state end,
            waits_for = null, next_run_at = $3, updated_at = $3
        where id = any($1) and waits_for = $2
        returning id as "id: SagaId", scope, subject
        "#,
        runs,
        name,
        at
    )
    .fetch_all(&mut *db)
    .await?;
    for run in &woken {
        notify_change(db, run.id, run.scope, run.subject).await?;
    }
    if !woken.is_empty() {
        wake_workers(db).await?;
    }
    Ok(())
}
