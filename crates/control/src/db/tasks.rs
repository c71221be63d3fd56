//! SQL of the tasks of the background.

use crate::error::Result;
use crate::model::tasks::{PassRecord, TaskRef, TaskStatus};
use sqlx::PgConnection;
use std::time::Duration;
use time::OffsetDateTime;

pub(crate) async fn start(db: &mut PgConnection, task: &TaskRef, at: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        r#"
        insert into background_tasks (name, replica, leader_only, last_started_at)
        values ($1, $2, $3, $4)
        on conflict on constraint background_tasks_pkey do update
        set replica = excluded.replica, leader_only = excluded.leader_only,
            last_started_at = excluded.last_started_at, next_at = null
        "#,
        task.name,
        task.replica,
        task.leader_only,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn end(db: &mut PgConnection, task: &TaskRef, pass: &PassRecord) -> Result<()> {
    sqlx::query!(
        r#"
        insert into background_tasks
            (name, replica, leader_only, last_started_at, last_finished_at, duration_ms, runs, failures, last_error, next_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict on constraint background_tasks_pkey do update
        set replica = excluded.replica, leader_only = excluded.leader_only,
            last_started_at = excluded.last_started_at, last_finished_at = excluded.last_finished_at,
            duration_ms = excluded.duration_ms,
            runs = background_tasks.runs + excluded.runs,
            failures = background_tasks.failures + excluded.failures,
            last_error = excluded.last_error, next_at = excluded.next_at
        "#,
        task.name,
        task.replica,
        task.leader_only,
        pass.started_at,
        pass.ended_at,
        i64::try_from(pass.took.as_millis()).unwrap_or(i64::MAX),
        pass.runs,
        pass.failures,
        pass.error,
        pass.next_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn list(db: &mut PgConnection) -> Result<Vec<TaskStatus>> {
    let rows = sqlx::query!(
        r#"
        select name, replica, leader_only, last_started_at, last_finished_at, duration_ms, runs, failures, last_error, next_at
        from background_tasks
        order by name
        "#
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| TaskStatus {
            name: row.name,
            replica: row.replica,
            leader_only: row.leader_only,
            last_started_at: row.last_started_at,
            last_finished_at: row.last_finished_at,
            took: row
                .duration_ms
                .and_then(|ms| u64::try_from(ms).ok())
                .map(Duration::from_millis),
            runs: row.runs,
            failures: row.failures,
            last_error: row.last_error,
            next_at: row.next_at,
        })
        .collect())
}
