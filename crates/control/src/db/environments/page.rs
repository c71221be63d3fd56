//! SQL of an environment's page: it, its app, what it runs and what it runs on, in one statement.

use super::EnvironmentRow;
use crate::db::apps::AppRow;
use crate::error::{Error, Result};
use crate::model::apps::App;
use crate::model::environments::Environment;
use crate::model::usage::UsageColumns;
use domain::bad_row::BadRow;
use domain::ids::{CompanyId, PackageId, PersonId};
use domain::names::Subdomain;
use domain::plans::{Plan, UncheckedPlan};
use domain::roles::TeamRole;
use engine::observation::Info;
use serde::Deserialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;
use views::packages::PackageSummary;

/// What the page of an environment shows of things that are one each.
pub(crate) struct EnvironmentPage {
    pub(crate) app: App,
    pub(crate) team_role: Option<TeamRole>,
    pub(crate) environment: Environment,
    /// Or what is wrong with its row.
    pub(crate) plan: std::result::Result<Plan, BadRow>,
    /// The package that serves.
    pub(crate) package: Option<PackageSummary>,
    /// What the engine that tells of it last told of itself.
    pub(crate) engine: Option<Info>,
    /// What was measured of its disks.
    pub(crate) usage: Option<UsageColumns>,
}

/// A package as the statement gathers it.
#[derive(Debug, Deserialize)]
struct Package {
    id: Uuid,
    file_name: String,
    name: String,
    version: String,
    runtime_version: String,
    size_bytes: u64,
    files: u64,
    unpacked_bytes: u64,
    digest: String,
    cloud_constants: Vec<String>,
    uploaded_by: String,
    uploaded_at: i64,
    used_by: Vec<String>,
}

/// The row as the statement gives it.
struct PageRow {
    app_id: Uuid,
    company_id: Uuid,
    app_name: String,
    subdomain: String,
    region: String,
    generation: String,
    plan: String,
    state: String,
    created_at: OffsetDateTime,
    role: Option<String>,
    id: Uuid,
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
    plan_code: Option<String>,
    app_memory_mib: Option<i32>,
    max_instances: Option<i32>,
    instance_cpu_milli: Option<i32>,
    database_memory_mib: Option<i32>,
    database_disk_gib: Option<i32>,
    files_gib: Option<i32>,
    info: Option<serde_json::Value>,
    package: Option<Json<Package>>,
    usage: Option<Json<UsageColumns>>,
}

/// The environment of this name in the app of this subdomain.
pub(crate) async fn page(
    db: &mut PgConnection,
    company: CompanyId,
    person: Option<PersonId>,
    subdomain: &Subdomain,
    slug: &str,
) -> Result<Option<EnvironmentPage>> {
    let row = sqlx::query_as!(
        PageRow,
        r#"
        select a.id as app_id, a.company_id, a.name as app_name, a.subdomain, a.region, a.generation, a.plan, a.state,
               a.created_at, m.role as "role?",
               e.id, e.name, e.host_label, e.position, e.desired, e.instances, e.memory_mib, e.package_id, e.live_package_id,
               e.debugger_instance, e.restarts, e.revision, e.provisioned, e.database_name, e.database_role, e.connections,
               e.observation,
               greatest(e.observed_at, n.seen_at) as observed_at,
               l.code as "plan_code?", l.app_memory_mib as "app_memory_mib?", l.max_instances as "max_instances?",
               l.instance_cpu_milli as "instance_cpu_milli?", l.database_memory_mib as "database_memory_mib?",
               l.database_disk_gib as "database_disk_gib?", l.files_gib as "files_gib?",
               n.info as "info?",
               (
                   select jsonb_build_object(
                       'id', p.id, 'file_name', p.file_name, 'name', p.name, 'version', p.version,
                       'runtime_version', p.runtime_version, 'size_bytes', p.size_bytes, 'files', p.files,
                       'unpacked_bytes', p.unpacked_bytes, 'digest', left(p.sha256, 8),
                       'cloud_constants', p.cloud_constants, 'uploaded_by', p.uploaded_by,
                       'uploaded_at', floor(extract(epoch from p.created_at))::bigint,
                       'used_by', array(
                           select o.name from environments o
                           where o.company_id = $1 and o.app_id = a.id and p.id in (o.package_id, o.live_package_id, o.deploying_package_id)
                           order by o.position
                       )
                   )
                   from packages p where p.company_id = $1 and p.id = e.live_package_id
               ) as "package: Json<Package>",
               (select to_jsonb(u) from environment_usage u where u.company_id = $1 and u.environment_id = e.id)
                   as "usage: Json<UsageColumns>"
        from apps a
        join environments e on e.company_id = $1 and e.app_id = a.id and e.slug = $4
        left join app_members m on m.company_id = $1 and m.app_id = a.id and m.person_id = $2
        left join plans l on l.code = a.plan
        left join engines n on n.name = e.observed_by
        where a.company_id = $1 and a.subdomain = $3
        "#,
        company.uuid(),
        person.map(PersonId::uuid),
        subdomain.as_str(),
        slug,
    );
    row.fetch_optional(db)
        .await?
        .map(TryFrom::try_from)
        .transpose()
}

impl PageRow {
    fn plan(&self) -> std::result::Result<Plan, BadRow> {
        let Some(code) = self.plan_code.clone() else {
            return Err(BadRow::missing("plans", &self.plan));
        };
        let plan = UncheckedPlan {
            code,
            app_memory_mib: self.app_memory_mib.unwrap_or_default(),
            max_instances: self.max_instances.unwrap_or_default(),
            instance_cpu_milli: self.instance_cpu_milli.unwrap_or_default(),
            database_memory_mib: self.database_memory_mib.unwrap_or_default(),
            database_disk_gib: self.database_disk_gib.unwrap_or_default(),
            files_gib: self.files_gib.unwrap_or_default(),
        };
        plan.check()
            .map_err(|error| BadRow::new("plans", &plan.code, &error))
    }
}

impl TryFrom<PageRow> for EnvironmentPage {
    type Error = Error;
    fn try_from(row: PageRow) -> Result<Self> {
        let plan = row.plan();
        let app = AppRow {
            id: row.app_id,
            company_id: row.company_id,
            name: row.app_name,
            subdomain: row.subdomain,
            region: row.region,
            generation: row.generation,
            plan: row.plan,
            state: row.state,
            created_at: row.created_at,
            role: None,
        };
        let environment = EnvironmentRow {
            id: row.id,
            company_id: row.company_id,
            app_id: row.app_id,
            name: row.name,
            host_label: row.host_label,
            position: row.position,
            desired: row.desired,
            instances: row.instances,
            memory_mib: row.memory_mib,
            package_id: row.package_id,
            live_package_id: row.live_package_id,
            debugger_instance: row.debugger_instance,
            restarts: row.restarts,
            revision: row.revision,
            provisioned: row.provisioned,
            database_name: row.database_name,
            database_role: row.database_role,
            connections: row.connections,
            observation: row.observation,
            observed_at: row.observed_at,
        };
        Ok(Self {
            app: app.try_into()?,
            team_role: row.role.as_deref().and_then(TeamRole::parse),
            environment: environment.try_into()?,
            plan,
            package: row.package.map(|Json(package)| package.into()),
            engine: row.info.and_then(|info| serde_json::from_value(info).ok()),
            usage: row.usage.map(|Json(usage)| usage),
        })
    }
}

impl From<Package> for PackageSummary {
    fn from(package: Package) -> Self {
        Self {
            id: PackageId::new(package.id),
            file_name: package.file_name,
            name: package.name,
            version: package.version,
            runtime: package.runtime_version,
            size: package.size_bytes,
            files: package.files,
            unpacked: package.unpacked_bytes,
            digest: package.digest,
            cloud_constants: package.cloud_constants,
            uploaded_by: package.uploaded_by,
            uploaded_at: package.uploaded_at,
            used_by: package.used_by,
        }
    }
}
