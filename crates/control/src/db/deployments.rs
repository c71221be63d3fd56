//! SQL of deployments.

use crate::error::Result;
use crate::model::environments::Environment;
use domain::ids::{CompanyId, EnvironmentId, OperationId};
use domain::states::OperationState;
use sqlx::PgConnection;
use time::OffsetDateTime;
use views::environments::Deployment;

/// Deployments that the page of an environment shows.
pub(crate) const SHOWN: i64 = 10;

pub(crate) async fn insert(
    db: &mut PgConnection,
    environment: &Environment,
    operation: OperationId,
    label: &str,
    by: &str,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into deployments (id, company_id, environment_id, operation_id, package_label, started_by, outcome, created_at, updated_at)
        values ($1, $2, $3, $1, $4, $5, 'running', $6, $6)
        "#,
        operation.uuid(),
        environment.company.uuid(),
        environment.id.uuid(),
        label,
        by,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes how a deployment ended; nothing for operations that deploy nothing.
pub(crate) async fn finish(
    db: &mut PgConnection,
    company: CompanyId,
    operation: OperationId,
    succeeded: bool,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "update deployments set outcome = $3, updated_at = $4 where company_id = $1 and operation_id = $2",
        company.uuid(),
        operation.uuid(),
        if succeeded { "succeeded" } else { "failed" },
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The latest deployments to an environment, newest first.
pub(crate) async fn latest(
    db: &mut PgConnection,
    company: CompanyId,
    environment: EnvironmentId,
) -> Result<Vec<Deployment>> {
    let rows = sqlx::query!(
        r#"
        select package_label, started_by, created_at, outcome, operation_id from deployments
        where company_id = $1 and environment_id = $2
        order by created_at desc limit $3
        "#,
        company.uuid(),
        environment.uuid(),
        SHOWN,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Deployment {
            package: row.package_label,
            by: row.started_by,
            at: row.created_at.unix_timestamp(),
            outcome: match row.outcome.as_str() {
                "running" => OperationState::Running,
                "succeeded" => OperationState::Succeeded,
                _ => OperationState::Failed,
            },
            operation: OperationId::new(row.operation_id),
        })
        .collect())
}
