//! SQL of apps.

mod listed;

pub(crate) use listed::{Asked, ListedApp, listed};

use super::parsed;
use crate::error::{Inconsistent, Result};
use crate::model::apps::App;
use domain::capabilities::Generation;
use domain::ids::{AppId, CompanyId, PersonId};
use domain::names::{AppName, Subdomain};
use domain::plans::PlanCode;
use domain::regions::RegionCode;
use domain::roles::TeamRole;
use domain::states::AppState;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

pub(super) struct AppRow {
    pub(super) id: Uuid,
    pub(super) company_id: Uuid,
    pub(super) name: String,
    pub(super) subdomain: String,
    pub(super) region: String,
    pub(super) generation: String,
    pub(super) plan: String,
    pub(super) state: String,
    pub(super) created_at: OffsetDateTime,
    pub(super) role: Option<String>,
}

impl TryFrom<AppRow> for App {
    type Error = Inconsistent;
    fn try_from(row: AppRow) -> std::result::Result<Self, Inconsistent> {
        const TABLE: &str = "apps";
        let id = row.id;
        let subdomain = Subdomain::parse(&row.subdomain).ok();
        let generation = Generation::parse(&row.generation);
        Ok(Self {
            id: AppId::new(id),
            company: CompanyId::new(row.company_id),
            name: parsed(AppName::parse(&row.name).ok(), TABLE, "name", id)?,
            subdomain: parsed(subdomain, TABLE, "subdomain", id)?,
            region: parsed(RegionCode::parse(&row.region), TABLE, "region", id)?,
            generation: parsed(generation, TABLE, "generation", id)?,
            plan: parsed(PlanCode::parse(&row.plan), TABLE, "plan", id)?,
            state: parsed(AppState::parse(&row.state), TABLE, "state", id)?,
            created_at: row.created_at,
        })
    }
}

/// Which apps of a company are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Find<'a> {
    /// The one with this id.
    Id(AppId),
    /// The one with this subdomain.
    Subdomain(&'a Subdomain),
    /// The one that a form with this key has made.
    Key(Uuid),
}

/// One app.
pub(crate) async fn get(
    db: &mut PgConnection,
    company: CompanyId,
    find: Find<'_>,
) -> Result<Option<App>> {
    Ok(get_for(db, company, None, find).await?.map(|(app, _)| app))
}

/// One app, with the person's role in its team.
pub(crate) async fn get_for(
    db: &mut PgConnection,
    company: CompanyId,
    person: Option<PersonId>,
    find: Find<'_>,
) -> Result<Option<(App, Option<TeamRole>)>> {
    let (id, subdomain, key) = match find {
        Find::Id(id) => (Some(id.uuid()), None, None),
        Find::Subdomain(subdomain) => (None, Some(subdomain.as_str()), None),
        Find::Key(key) => (None, None, Some(key)),
    };
    let row = sqlx::query_as!(
        AppRow,
        r#"
        select a.id, a.company_id, a.name, a.subdomain, a.region, a.generation, a.plan, a.state, a.created_at, m.role as "role?"
        from apps a left join app_members m on m.company_id = $1 and m.app_id = a.id and m.person_id = $2
        where a.company_id = $1
            and ($3::uuid is null or a.id = $3)
            and ($4::text is null or a.subdomain = $4)
            and ($5::uuid is null or a.idempotency_key = $5)
        "#,
        company.uuid(),
        person.map(PersonId::uuid),
        id,
        subdomain,
        key,
    );
    let Some(mut row) = row.fetch_optional(db).await? else {
        return Ok(None);
    };
    let role = row.role.take().as_deref().and_then(TeamRole::parse);
    Ok(Some((App::try_from(row)?, role)))
}

/// Keeps others with the same key waiting until the transaction ends.
pub(crate) async fn lock_idempotency_key(db: &mut PgConnection, key: Uuid) -> Result<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended($1, 0))",
        key.to_string()
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn insert(
    db: &mut PgConnection,
    app: &App,
    idempotency_key: Uuid,
    by: Option<PersonId>,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into apps (id, company_id, name, subdomain, region, generation, plan, state, idempotency_key, created_by, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
        "#,
        app.id.uuid(),
        app.company.uuid(),
        app.name.as_str(),
        app.subdomain.as_str(),
        app.region.as_str(),
        app.generation.as_str(),
        app.plan.as_str(),
        app.state.as_str(),
        idempotency_key,
        by.map(PersonId::uuid),
        app.created_at,
    )
    .execute(db)
    .await
    .map_err(|error| super::hosts::taken(error, app.subdomain.as_str()))?;
    Ok(())
}

/// The app's state, held against a change of it until the transaction ends.
pub(crate) async fn hold_state(
    db: &mut PgConnection,
    company: CompanyId,
    id: AppId,
) -> Result<Option<AppState>> {
    let state = sqlx::query_scalar!(
        "select state from apps where company_id = $1 and id = $2 for share",
        company.uuid(),
        id.uuid(),
    )
    .fetch_optional(db)
    .await?;
    let state = state.map(|state| parsed(AppState::parse(&state), "apps", "state", id.uuid()));
    Ok(state.transpose()?)
}

pub(crate) async fn set_state(
    db: &mut PgConnection,
    company: CompanyId,
    id: AppId,
    state: AppState,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "update apps set state = $3, updated_at = $4 where company_id = $1 and id = $2",
        company.uuid(),
        id.uuid(),
        state.as_str(),
        at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes the app's row and with it every row below; nothing if it is gone already.
pub(crate) async fn delete(db: &mut PgConnection, company: CompanyId, id: AppId) -> Result<()> {
    sqlx::query!(
        "update environments set package_id = null where company_id = $1 and app_id = $2",
        company.uuid(),
        id.uuid()
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "delete from apps where company_id = $1 and id = $2",
        company.uuid(),
        id.uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}
