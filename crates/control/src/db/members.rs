//! SQL of the teams of apps.

use crate::error::Result;
use domain::ids::{AppId, CompanyId, PersonId};
use domain::roles::TeamRole;
use sqlx::PgConnection;
use std::collections::HashMap;
use time::OffsetDateTime;

pub(crate) async fn upsert(
    db: &mut PgConnection,
    company: CompanyId,
    app: AppId,
    person: PersonId,
    role: TeamRole,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into app_members (company_id, app_id, person_id, role, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)
        on conflict on constraint app_members_pkey do update set role = excluded.role, updated_at = excluded.updated_at
        "#,
        company.uuid(),
        app.uuid(),
        person.uuid(),
        role.as_str(),
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// In how many teams a person has each role.
pub(crate) async fn apps_by_role(
    db: &mut PgConnection,
    company: CompanyId,
    person: PersonId,
) -> Result<HashMap<TeamRole, i64>> {
    let rows = sqlx::query!(
        r#"select role, count(*) as "count!" from app_members where company_id = $1 and person_id = $2 group by role"#,
        company.uuid(),
        person.uuid(),
    )
    .fetch_all(db)
    .await?;
    let roles = rows.into_iter();
    Ok(roles
        .filter_map(|row| Some((TeamRole::parse(&row.role)?, row.count)))
        .collect())
}
