//! SQL of companies.

use crate::error::Result;
use domain::ids::CompanyId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// A company as the database has it.
pub(crate) struct Company {
    pub(crate) id: CompanyId,
    pub(crate) name: String,
    pub(crate) residency_required: bool,
}

pub(crate) async fn get(db: &mut PgConnection, id: CompanyId) -> Result<Option<Company>> {
    let row = sqlx::query!(
        "select id, name, residency_required from companies where id = $1",
        id.uuid()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Company {
        id: CompanyId::new(row.id),
        name: row.name,
        residency_required: row.residency_required,
    }))
}

/// Every company, by name.
pub(crate) async fn list(db: &mut PgConnection) -> Result<Vec<Company>> {
    let rows = sqlx::query!("select id, name, residency_required from companies order by name, id")
        .fetch_all(db)
        .await?;
    let companies = rows.into_iter().map(|row| Company {
        id: CompanyId::new(row.id),
        name: row.name,
        residency_required: row.residency_required,
    });
    Ok(companies.collect())
}

/// The company of this name, made where it is new.
pub(crate) async fn upsert(
    db: &mut PgConnection,
    name: &str,
    at: OffsetDateTime,
) -> Result<CompanyId> {
    let id = sqlx::query_scalar!(
        r#"
        insert into companies (id, name, residency_required, created_at, updated_at) values ($1, $2, false, $3, $3)
        on conflict on constraint companies_name_key do update set updated_at = companies.updated_at
        returning id
        "#,
        Uuid::now_v7(),
        name,
        at,
    )
    .fetch_one(db)
    .await?;
    Ok(CompanyId::new(id))
}
