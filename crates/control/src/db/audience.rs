//! SQL of whom a change is to be told to.

use crate::error::Result;
use domain::ids::{CompanyId, PersonId};
use sqlx::PgConnection;
use std::collections::HashSet;
use uuid::Uuid;

/// The people in the teams of the apps that these things are, or belong to: apps, environments, packages, and
/// operations on any of them. None where none of the things is known, as when they are gone.
pub(crate) async fn of(
    db: &mut PgConnection,
    company: CompanyId,
    things: &[Uuid],
) -> Result<Option<HashSet<PersonId>>> {
    let rows = sqlx::query!(
        r#"
        with asked as (
            select id from unnest($2::uuid[]) as things (id)
            union
            select subject from sagas where scope = $1 and id = any($2)
        ), found as (
            select id as app_id from apps where company_id = $1 and id in (select id from asked)
            union
            select app_id from environments where company_id = $1 and id in (select id from asked)
            union
            select app_id from packages where company_id = $1 and id in (select id from asked)
        )
        select m.person_id as "person?: PersonId"
        from found left join app_members m on m.company_id = $1 and m.app_id = found.app_id
        "#,
        company.uuid(),
        things,
    )
    .fetch_all(db)
    .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(
        rows.into_iter().filter_map(|row| row.person).collect(),
    ))
}
