//! From what is desired to the workload an engine takes, and to the engine.

use crate::db;
use crate::error::{Error, Result};
use crate::model::apps::App;
use crate::model::environments::Environment;
use crate::objects::key::ObjectKey;
use crate::resources::regions;
use crate::state::State;
use crate::usage::databases;
use domain::disk::gib;
use domain::ids::{CompanyId, EnvironmentId};
use domain::regions::RegionCode;
use domain::states::{AppState, Desired};
use engine::refs::{BucketRef, DatabaseRef, PackageRef, file_url};
use engine::workload::{Template, Workload};
use engine::{Engine, EngineError};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use url::Url;

/// How long an instance may finish its requests, seconds.
const DRAIN_SECONDS: u32 = 30;

/// Limit of processes and threads of one instance.
const PIDS: u32 = 512;

/// Gives the engine an environment's workload as it is desired now; its revision.
///
/// Of an app that is being deleted nothing is desired any more: what was handed over beside the deletion
/// is taken back, and the environment is not found.
pub(crate) async fn apply(state: &State, company: CompanyId, id: EnvironmentId) -> Result<i64> {
    let mut refused = None;
    loop {
        let Some((app, environment)) = read(state, company, id).await? else {
            return Err(Error::NotFound);
        };
        let given = give(state, &app, &environment).await;
        let mut db = state.pool.acquire().await?;
        let gone = match db::environments::app_state(&mut db, company, id).await? {
            None | Some(AppState::Deleting) => true,
            Some(AppState::Creating | AppState::Ready) => false,
        };
        drop(db);
        if gone {
            remove(state, &app.region, id).await?;
            return Err(Error::NotFound);
        }
        match given {
            // A newer revision may have been handed over in between.
            Err(Error::Conflict(_)) if refused != Some(environment.revision) => {
                refused = Some(environment.revision);
            }
            given => return given,
        }
    }
}

async fn give(state: &State, app: &App, environment: &Environment) -> Result<i64> {
    let workload = assemble(state, app, environment).await?;
    if let (Some(template), Some(package)) = (&workload.template, environment.package) {
        let key = ObjectKey::package(package);
        let sha256 = &template.package.sha256;
        state.objects.fetch_local(&key, sha256).await?;
    }
    if environment.desired == Desired::Running {
        databases::open_to_clean_up(state, environment).await?;
    }
    let engine = regions::engine(state, &app.region).await?;
    engine.apply(&workload).await?;
    Ok(workload.revision)
}

/// Takes a workload from the engine of its region; nothing if the engine does not know it.
pub(crate) async fn remove(state: &State, region: &RegionCode, id: EnvironmentId) -> Result<()> {
    match regions::engine(state, region).await?.remove(id).await {
        Ok(()) | Err(EngineError::NotFound) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The engine that an environment runs on.
pub(crate) async fn engine(
    state: &State,
    company: CompanyId,
    id: EnvironmentId,
) -> Result<Arc<dyn Engine>> {
    let mut db = state.pool.acquire().await?;
    let region = db::environments::region(&mut db, company, id).await?;
    drop(db);
    regions::engine(state, &region.ok_or(Error::NotFound)?).await
}

async fn read(
    state: &State,
    company: CompanyId,
    id: EnvironmentId,
) -> Result<Option<(App, Environment)>> {
    let mut db = state.pool.acquire().await?;
    let Some(environment) = db::environments::get(&mut db, company, id).await? else {
        return Ok(None);
    };
    let app = db::apps::Find::Id(environment.app);
    let app = db::apps::get(&mut db, company, app).await?;
    Ok(app.map(|app| (app, environment)))
}

/// The workload of an environment as it is desired now.
async fn assemble(state: &State, app: &App, environment: &Environment) -> Result<Workload> {
    let (company, id) = (app.company, environment.id);
    let mut db = state.pool.acquire().await?;
    let package = match environment.package {
        Some(package) => db::packages::get(&mut db, company, app.id, package).await?,
        None => None,
    };
    let plan = db::plans::get(&mut db, &app.plan).await?;
    let files_bytes = plan.as_ref().ok().map(|plan| gib(plan.files_gib));
    let template = match package {
        None => None,
        Some(package) => {
            let passwords = db::environments::passwords(&mut db, company, id).await?;
            let open = |sealed: &[u8]| state.secrets.open(sealed, &environment.owner());
            let plan = plan?;
            drop(db);
            let region = regions::servers(state, &app.region).await?;
            Some(Template {
                package: PackageRef {
                    sha256: package.sha256.clone(),
                    bytes: package.size,
                    url: address(&state.objects.local_file(&ObjectKey::package(package.id)))?,
                    label: package.label(),
                },
                runtime: region.runtime,
                memory_mib: environment.scale.memory_mib,
                cpu_milli: plan.instance_cpu_milli,
                pids: PIDS,
                database: DatabaseRef {
                    host: region.postgres.host,
                    port: region.postgres.port,
                    name: environment.database_name.clone(),
                    user: environment.database_role.clone(),
                    password: open(&passwords.database)?,
                },
                bucket: BucketRef {
                    url: address(&crate::resources::buckets::folder(&region.buckets_dir, id))?,
                },
                dtap_mode: dtap_mode(&environment.name.slug()).to_owned(),
                root_url: state.config.app_url(&environment.host_label),
                constants: package
                    .constants
                    .iter()
                    .map(|c| (c.name.clone(), c.default_value.clone()))
                    .collect(),
                settings: BTreeMap::from([(
                    "ConnectionPoolingMaxActive".to_owned(),
                    domain::scaling::POOL_PER_INSTANCE.to_string(),
                )]),
                debugger_password: open(&passwords.debugger)?,
                admin_password: open(&passwords.admin)?,
                restarts: environment.restarts,
            })
        }
    };
    Ok(Workload {
        id,
        revision: environment.revision,
        title: format!("{} / {}", app.name, environment.name),
        hosts: vec![state.config.host(&environment.host_label)],
        instances: if environment.desired == Desired::Running {
            environment.scale.instances
        } else {
            0
        },
        template,
        debugger_instance: environment.debugger_instance,
        drain_seconds: DRAIN_SECONDS,
        files_bytes,
    })
}

/// The address of a file or folder, for an engine.
fn address(path: &Path) -> Result<Url> {
    file_url(path).map_err(|error| Error::internal("assembling a workload", error))
}

/// The runtime's word for the kind of environment.
fn dtap_mode(slug: &str) -> &'static str {
    match slug {
        "production" => "P",
        "acceptance" => "A",
        _ => "T",
    }
}
