//! SQL of the audit trail: rows are only added.

use crate::audit::AuditEvent;
use crate::error::Result;
use sqlx::PgConnection;

pub(crate) async fn insert(db: &mut PgConnection, event: &AuditEvent) -> Result<()> {
    sqlx::query!(
        r#"
        insert into audit_events
            (company_id, at, person_id, person_name, action, target, details, result, request_id, from_address)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        event.company.map(domain::ids::CompanyId::uuid),
        event.at,
        event.person.map(domain::ids::PersonId::uuid),
        event.person_name,
        event.action,
        event.target,
        event.details,
        event.outcome.as_str(),
        event.request_id,
        event.from_address,
    )
    .execute(db)
    .await?;
    Ok(())
}
