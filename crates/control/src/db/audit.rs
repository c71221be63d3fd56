//! SQL of the audit trail: rows are only added.

use crate::audit::AuditEvent;
use crate::error::Result;
use sqlx::PgConnection;

pub(crate) async fn insert(db: &mut PgConnection, event: &AuditEvent) -> Result<()> {
    sqlx::query!(
        r#"
        insert into audit_events
            (company_id, at, actor_kind, person_id, person_name, action, target, subject_kind, subject_id, details, result,
             request_id, from_address)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        "#,
        event.company.map(domain::ids::CompanyId::uuid),
        event.at,
        event.by.kind.as_str(),
        event.by.id,
        event.by.name,
        event.action,
        event.target,
        event.subject.map(|subject| subject.kind.as_str()),
        event.subject.map(|subject| subject.id),
        event.details,
        event.outcome.as_str(),
        event.request_id,
        event.from_address,
    )
    .execute(db)
    .await?;
    Ok(())
}
