//! SQL of environments.

mod history;
mod listed;
mod page;

pub(crate) use history::history;
pub(crate) use listed::listed;
pub(crate) use page::page;

use super::{broken, parsed};
use crate::error::{Error, Inconsistent, Result};
use crate::model::environments::{DesiredState, Environment, Passwords};
use domain::ids::{AppId, CompanyId, EnvironmentId, PackageId};
use domain::names::EnvironmentName;
use domain::regions::RegionCode;
use domain::scaling::Scale;
use domain::states::{AppState, Desired};
use engine::observation::Observation;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

struct EnvironmentRow {
    id: Uuid,
    company_id: Uuid,
    app_id: Uuid,
    name: String,
    host_label: String,
    position: i16,
    desired: String,
    instances: i16,
    memory_mib: i32,
    package_id: Option<Uuid>,
    live_package_id: Option<Uuid>,
    debugger_instance: i16,
    restarts: i64,
    revision: i64,
    provisioned: bool,
    database_name: String,
    database_role: String,
    connections: Option<i32>,
    observation: Option<serde_json::Value>,
    observed_at: Option<OffsetDateTime>,
}

impl TryFrom<EnvironmentRow> for Environment {
    type Error = Inconsistent;
    fn try_from(row: EnvironmentRow) -> std::result::Result<Self, Inconsistent> {
        const TABLE: &str = "environments";
        let id = row.id;
        let observation: Option<Observation> = row
            .observation
            .and_then(|json| serde_json::from_value(json).ok());
        Ok(Self {
            id: EnvironmentId::new(id),
            company: CompanyId::new(row.company_id),
            app: AppId::new(row.app_id),
            name: parsed(EnvironmentName::parse(&row.name).ok(), TABLE, "name", id)?,
            host_label: row.host_label,
            position: row.position,
            desired: parsed(Desired::parse(&row.desired), TABLE, "desired", id)?,
            scale: Scale {
                instances: parsed(u16::try_from(row.instances).ok(), TABLE, "instances", id)?,
                memory_mib: parsed(u32::try_from(row.memory_mib).ok(), TABLE, "memory_mib", id)?,
            },
            package: row.package_id.map(PackageId::new),
            live: row.live_package_id.map(PackageId::new),
            debugger_instance: parsed(
                u16::try_from(row.debugger_instance).ok(),
                TABLE,
                "debugger_instance",
                id,
            )?,
            restarts: row.restarts,
            revision: row.revision,
            provisioned: row.provisioned,
            database_name: row.database_name,
            database_role: row.database_role,
            connections: row.connections.and_then(|it| u32::try_from(it).ok()),
            observed: observation.zip(row.observed_at),
        })
    }
}

pub(crate) async fn insert(
    db: &mut PgConnection,
    e: &Environment,
    passwords: &Passwords,
    at: OffsetDateTime,
) -> Result<()> {
    let instances = i16::try_from(e.scale.instances)
        .map_err(|error| Error::internal("storing a scale", error))?;
    let memory = i32::try_from(e.scale.memory_mib)
        .map_err(|error| Error::internal("storing a scale", error))?;
    sqlx::query!(
        r#"
        insert into environments
            (id, company_id, app_id, name, slug, host_label, position, desired, instances, memory_mib,
             database_name, database_role, database_password, debugger_password, admin_password, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)
        "#,
        e.id.uuid(),
        e.company.uuid(),
        e.app.uuid(),
        e.name.as_str(),
        e.name.slug(),
        e.host_label,
        e.position,
        e.desired.as_str(),
        instances,
        memory,
        e.database_name,
        e.database_role,
        passwords.database,
        passwords.debugger,
        passwords.admin,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn select(
    db: &mut PgConnection,
    company: CompanyId,
    id: Option<EnvironmentId>,
    app: Option<AppId>,
) -> Result<Vec<Environment>> {
    let rows = sqlx::query_as!(
        EnvironmentRow,
        r#"
        select e.id, e.company_id, e.app_id, e.name, e.host_label, e.position, e.desired, e.instances, e.memory_mib, e.package_id,
               e.live_package_id, e.debugger_instance, e.restarts, e.revision, e.provisioned, e.database_name, e.database_role,
               e.connections, e.observation, greatest(e.observed_at, n.seen_at) as observed_at
        from environments e left join engines n on n.name = e.observed_by
        where e.company_id = $1
            and ($2::uuid is null or e.id = $2)
            and ($3::uuid is null or e.app_id = $3)
        order by e.position
        "#,
        company.uuid(),
        id.map(EnvironmentId::uuid),
        app.map(AppId::uuid),
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| Environment::try_from(row).map_err(Error::from))
        .collect()
}

/// One environment.
pub(crate) async fn get(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
) -> Result<Option<Environment>> {
    let found = select(db, company, Some(id), None).await?;
    Ok(found.into_iter().next())
}

/// The app of an environment.
pub(crate) async fn app_of(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
) -> Result<Option<AppId>> {
    let app = sqlx::query_scalar!(
        r#"select app_id as "id: AppId" from environments where company_id = $1 and id = $2"#,
        company.uuid(),
        id.uuid(),
    );
    Ok(app.fetch_optional(db).await?)
}

/// The region of an environment's app.
pub(crate) async fn region(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
) -> Result<Option<RegionCode>> {
    let region = sqlx::query_scalar!(
        "select a.region from environments e join apps a on a.id = e.app_id where e.company_id = $1 and e.id = $2",
        company.uuid(),
        id.uuid(),
    )
    .fetch_optional(db)
    .await?;
    let region = region.map(|code| parsed(RegionCode::parse(&code), "apps", "region", id.uuid()));
    Ok(region.transpose()?)
}

/// The state of the environment's app.
pub(crate) async fn app_state(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
) -> Result<Option<AppState>> {
    let state = sqlx::query_scalar!(
        "select a.state from environments e join apps a on a.id = e.app_id where e.company_id = $1 and e.id = $2",
        company.uuid(),
        id.uuid(),
    )
    .fetch_optional(db)
    .await?;
    let state = state.map(|state| parsed(AppState::parse(&state), "apps", "state", id.uuid()));
    Ok(state.transpose()?)
}

/// The environments of an app, in order.
pub(crate) async fn of_app(
    db: &mut PgConnection,
    company: CompanyId,
    app: AppId,
) -> Result<Vec<Environment>> {
    select(db, company, None, Some(app)).await
}

pub(crate) async fn passwords(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
) -> Result<Passwords> {
    let row = sqlx::query!(
        "select database_password, debugger_password, admin_password from environments where company_id = $1 and id = $2",
        company.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?
    .ok_or(Error::NotFound)?;
    Ok(Passwords {
        database: row.database_password,
        debugger: row.debugger_password,
        admin: row.admin_password,
    })
}

/// Writes what is desired and counts the revision up.
pub(crate) async fn set_desired(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
    state: DesiredState,
    at: OffsetDateTime,
) -> Result<()> {
    let instances = i16::try_from(state.scale.instances)
        .map_err(|error| Error::internal("storing a scale", error))?;
    let memory = i32::try_from(state.scale.memory_mib)
        .map_err(|error| Error::internal("storing a scale", error))?;
    sqlx::query!(
        r#"
        update environments
        set desired = $3, instances = $4::smallint, memory_mib = $5, package_id = $6, restarts = $7,
            debugger_instance = least(debugger_instance, greatest($4::smallint - 1, 0))::smallint, revision = revision + 1, updated_at = $8
        where company_id = $1 and id = $2
        "#,
        company.uuid(),
        id.uuid(),
        state.desired.as_str(),
        instances,
        memory,
        state.package.map(PackageId::uuid),
        state.restarts,
        at,
    )
    .execute(db)
    .await
    .map_err(gone_meanwhile)?;
    Ok(())
}

/// What it means that a package cannot be referred to.
fn gone_meanwhile(error: sqlx::Error) -> Error {
    match broken(&error) {
        Some("environments_package_fkey" | "environments_deploying_package_fkey") => {
            Error::Conflict("The package was deleted meanwhile. Choose another.".to_owned())
        }
        _ => error.into(),
    }
}

/// Writes down which package is on its way to the environment: it is kept meanwhile.
pub(crate) async fn set_deploying(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
    package: Option<PackageId>,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "update environments set deploying_package_id = $3, updated_at = $4 where company_id = $1 and id = $2",
        company.uuid(),
        id.uuid(),
        package.map(PackageId::uuid),
        at,
    )
    .execute(db)
    .await
    .map_err(gone_meanwhile)?;
    Ok(())
}

/// Writes down that the package that is desired serves now.
pub(crate) async fn set_live(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "update environments set live_package_id = package_id, updated_at = $3 where company_id = $1 and id = $2",
        company.uuid(),
        id.uuid(),
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn set_debugger_instance(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
    index: u16,
    at: OffsetDateTime,
) -> Result<bool> {
    let index = i16::try_from(index).map_err(|error| Error::internal("storing an index", error))?;
    let set = sqlx::query!(
        "update environments set debugger_instance = $3, revision = revision + 1, updated_at = $4 where company_id = $1 and id = $2 and instances > $3",
        company.uuid(),
        id.uuid(),
        index,
        at,
    )
    .execute(db)
    .await?;
    Ok(set.rows_affected() == 1)
}

/// Counts the revision up until it is higher than `known` too.
pub(crate) async fn raise_revision(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
    known: i64,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "update environments set revision = greatest(revision, $3) + 1, updated_at = $4 where company_id = $1 and id = $2",
        company.uuid(),
        id.uuid(),
        known,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn set_provisioned(
    db: &mut PgConnection,
    company: CompanyId,
    app: AppId,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!("update environments set provisioned = true, updated_at = $3 where company_id = $1 and app_id = $2", company.uuid(), app.uuid(), at)
        .execute(db)
        .await?;
    Ok(())
}

/// Those of `ids` that are no environment of any company.
pub(crate) async fn without_row(
    db: &mut PgConnection,
    ids: &[EnvironmentId],
) -> Result<Vec<EnvironmentId>> {
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let found = sqlx::query_scalar!(
        r#"select id as "id!: EnvironmentId" from unnest($1::uuid[]) as things (id) where not exists (select from environments e where e.id = things.id)"#,
        &ids
    );
    Ok(found.fetch_all(db).await?)
}
