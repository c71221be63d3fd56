//! SQL of apps, their host names and teams.

use super::parsed;
use crate::apps::{App, AppState};
use crate::error::{Error, Inconsistent, Result};
use domain::capabilities::Generation;
use domain::ids::{AppId, CompanyId, PersonId};
use domain::names::{AppName, Subdomain};
use domain::permissions::TeamRole;
use domain::plans::PlanCode;
use domain::regions::RegionCode;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

struct AppRow {
    id: Uuid,
    company_id: Uuid,
    name: String,
    subdomain: String,
    region: String,
    generation: String,
    plan: String,
    state: String,
    created_at: OffsetDateTime,
}

impl TryFrom<AppRow> for App {
    type Error = Inconsistent;
    fn try_from(row: AppRow) -> std::result::Result<Self, Inconsistent> {
        let id = row.id;
        Ok(Self {
            id: AppId::new(id),
            company: CompanyId::new(row.company_id),
            name: parsed(AppName::parse(&row.name).ok(), "apps", "name", id)?,
            subdomain: parsed(
                Subdomain::parse(&row.subdomain).ok(),
                "apps",
                "subdomain",
                id,
            )?,
            region: parsed(RegionCode::parse(&row.region), "apps", "region", id)?,
            generation: parsed(Generation::parse(&row.generation), "apps", "generation", id)?,
            plan: parsed(PlanCode::parse(&row.plan), "apps", "plan", id)?,
            state: parsed(AppState::parse(&row.state), "apps", "state", id)?,
            created_at: row.created_at,
        })
    }
}

pub(crate) async fn list(
    db: &mut PgConnection,
    company: CompanyId,
    person: PersonId,
    after: Option<(String, AppId)>,
) -> Result<Vec<App>> {
    let (name, id) = after.map_or((None, None), |(name, id)| (Some(name), Some(id.uuid())));
    let rows = sqlx::query_as!(
        AppRow,
        r#"
        select a.id, a.company_id, a.name, a.subdomain, a.region, a.generation, a.plan, a.state, a.created_at
        from apps a join app_members m on m.app_id = a.id and m.person_id = $2
        where a.company_id = $1 and ($3::text is null or (a.name, a.id) > ($3, $4))
        order by a.name, a.id
        limit $5
        "#,
        company.uuid(),
        person.uuid(),
        name,
        id,
        crate::page::PAGE + 1,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| App::try_from(row).map_err(Error::from))
        .collect()
}

pub(crate) async fn by_subdomain(
    db: &mut PgConnection,
    company: CompanyId,
    person: PersonId,
    subdomain: &Subdomain,
) -> Result<Option<(App, Option<TeamRole>)>> {
    let row = sqlx::query!(
        r#"
        select a.id, a.company_id, a.name, a.subdomain, a.region, a.generation, a.plan, a.state, a.created_at, m.role as "role?"
        from apps a left join app_members m on m.app_id = a.id and m.person_id = $2
        where a.company_id = $1 and a.subdomain = $3
        "#,
        company.uuid(),
        person.uuid(),
        subdomain.as_str(),
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let app = AppRow {
        id: row.id,
        company_id: row.company_id,
        name: row.name,
        subdomain: row.subdomain,
        region: row.region,
        generation: row.generation,
        plan: row.plan,
        state: row.state,
        created_at: row.created_at,
    };
    Ok(Some((
        App::try_from(app)?,
        row.role.as_deref().and_then(TeamRole::parse),
    )))
}

pub(crate) async fn by_id(
    db: &mut PgConnection,
    company: CompanyId,
    id: AppId,
) -> Result<Option<App>> {
    let row = sqlx::query_as!(
        AppRow,
        r#"
        select id, company_id, name, subdomain, region, generation, plan, state, created_at
        from apps where company_id = $1 and id = $2
        "#,
        company.uuid(),
        id.uuid(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(App::try_from).transpose()?)
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

/// The app that an earlier request with the same key made.
pub(crate) async fn by_idempotency_key(
    db: &mut PgConnection,
    company: CompanyId,
    key: Uuid,
) -> Result<Option<App>> {
    let row = sqlx::query_as!(
        AppRow,
        r#"
        select id, company_id, name, subdomain, region, generation, plan, state, created_at
        from apps where company_id = $1 and idempotency_key = $2
        "#,
        company.uuid(),
        key,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(App::try_from).transpose()?)
}

pub(crate) async fn any_label_taken(db: &mut PgConnection, labels: &[String]) -> Result<bool> {
    let taken = sqlx::query_scalar!(
        r#"select exists (select 1 from hosts where label = any($1)) as "taken!""#,
        labels
    )
    .fetch_one(db)
    .await?;
    Ok(taken)
}

pub(crate) async fn insert(
    db: &mut PgConnection,
    app: &App,
    idempotency_key: Uuid,
    by: PersonId,
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
        by.uuid(),
        app.created_at,
    )
    .execute(db)
    .await
    .map_err(|error| taken(error, app.subdomain.as_str()))?;
    Ok(())
}

/// Reserves the first label of a host name.
pub(crate) async fn reserve_label(db: &mut PgConnection, app: &App, label: &str) -> Result<()> {
    sqlx::query!(
        "insert into hosts (label, app_id) values ($1, $2)",
        label,
        app.id.uuid()
    )
    .execute(db)
    .await
    .map_err(|error| taken(error, label))?;
    Ok(())
}

/// What a broken uniqueness of a host's first label means to the person who typed the subdomain.
fn taken(error: sqlx::Error, label: &str) -> Error {
    match error.as_database_error().and_then(|e| e.constraint()) {
        Some("apps_subdomain_key" | "hosts_pkey" | "environments_host_label_key") => {
            Error::invalid(
                "subdomain",
                format!("“{label}” is taken by another app; choose another address."),
            )
        }
        Some("apps_idempotency_key") => {
            Error::Conflict("This form has been sent already.".to_owned())
        }
        _ => error.into(),
    }
}

pub(crate) async fn add_member(
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

/// The app, held against a change of its state until the transaction ends.
pub(crate) async fn by_id_locked(
    db: &mut PgConnection,
    company: CompanyId,
    id: AppId,
) -> Result<Option<App>> {
    let row = sqlx::query_as!(
        AppRow,
        r#"
        select id, company_id, name, subdomain, region, generation, plan, state, created_at
        from apps where company_id = $1 and id = $2 for share
        "#,
        company.uuid(),
        id.uuid(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(App::try_from).transpose()?)
}
