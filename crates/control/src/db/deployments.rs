//! SQL of deployments.

use crate::error::Result;
use crate::model::environments::Environment;
use domain::ids::{CompanyId, OperationId};
use sqlx::PgConnection;
use time::OffsetDateTime;

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
