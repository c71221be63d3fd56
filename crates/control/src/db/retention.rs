//! SQL of what is old: of every company, a batch at a time, the oldest first.

use super::{deployments, events};
use crate::error::Result;
use sqlx::PgConnection;
use time::OffsetDateTime;

/// Removes ended operations with their steps, logs and signals. Those stay to which a deployment leads, and the last
/// one of each thing that is still there: its page says how that went.
pub(crate) async fn operations(
    db: &mut PgConnection,
    before: OffsetDateTime,
    batch: i64,
) -> Result<u64> {
    let removed = sqlx::query!(
        r#"
        delete from sagas
        where id in (
            select run.id
            from sagas run
            where run.finished_at < $1
                and not exists (select from deployments where operation_id = run.id)
                and (
                    exists (
                        select from sagas newer
                        where newer.subject = run.subject and (newer.created_at, newer.id) > (run.created_at, run.id)
                    )
                    or not exists (
                        select from apps where id = run.subject
                        union all
                        select from environments where id = run.subject
                    )
                )
            order by run.finished_at
            limit $2
        )
        "#,
        before,
        batch
    )
    .execute(db)
    .await?;
    Ok(removed.rows_affected())
}

/// Removes deployments that have ended. The last ones to each environment stay, as many as its page shows, and the
/// last that has succeeded: it is the one that serves.
pub(crate) async fn deployments(
    db: &mut PgConnection,
    before: OffsetDateTime,
    batch: i64,
) -> Result<u64> {
    let removed = sqlx::query!(
        r#"
        delete from deployments
        where id in (
            select old.id
            from deployments old
            where old.created_at < $1 and old.outcome <> 'running'
                and $3 <= (
                    select count(*)
                    from (
                        select from deployments newer
                        where newer.company_id = old.company_id and newer.environment_id = old.environment_id
                            and newer.created_at > old.created_at
                        limit $3
                    ) shown
                )
                and (
                    old.outcome <> 'succeeded'
                    or exists (
                        select from deployments newer
                        where newer.company_id = old.company_id and newer.environment_id = old.environment_id
                            and newer.created_at > old.created_at and newer.outcome = 'succeeded'
                    )
                )
            order by old.created_at
            limit $2
        )
        "#,
        before,
        batch,
        deployments::SHOWN
    )
    .execute(db)
    .await?;
    Ok(removed.rows_affected())
}

/// Removes events of instances. The last ones of each environment stay, as many as its page shows.
pub(crate) async fn events(
    db: &mut PgConnection,
    before: OffsetDateTime,
    batch: i64,
) -> Result<u64> {
    let removed = sqlx::query!(
        r#"
        delete from environment_events
        where (environment_id, source, sequence) in (
            select old.environment_id, old.source, old.sequence
            from environment_events old
            where old.at < $1
                and $3 <= (
                    select count(*)
                    from (
                        select from environment_events newer
                        where newer.environment_id = old.environment_id
                            and (newer.at, newer.sequence) > (old.at, old.sequence)
                        limit $3
                    ) shown
                )
            order by old.at
            limit $2
        )
        "#,
        before,
        batch,
        events::SHOWN
    )
    .execute(db)
    .await?;
    Ok(removed.rows_affected())
}
