//! Environments: look at, and change what is wanted of them.

pub mod change;
pub mod debugger;
mod sentence;
pub(crate) mod workload;

use crate::apps::{App, visible};
use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use crate::operations::OperationSummary;
use crate::packages::PackageSummary;
use crate::secrets::Secrets;
use domain::ids::{AppId, CompanyId, EnvironmentId, PackageId};
use domain::names::{EnvironmentName, Subdomain};
use domain::permissions::{Access, Permission, TeamRole, app_access};
use domain::scaling::Scale;
use domain::states::{Status, StatusFacts, Wanted};
use engine::observation::{LogLine, Observation};
use secrecy::SecretString;
use time::OffsetDateTime;

/// An environment as the database has it: what is wanted of it and what it stands on.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its id.
    pub id: EnvironmentId,
    /// Its company.
    pub company: CompanyId,
    /// Its app.
    pub app: AppId,
    /// Its name.
    pub name: EnvironmentName,
    /// The first label of its host name.
    pub host_label: String,
    /// Its place among the app's environments.
    pub position: i16,
    /// Whether it should serve.
    pub wanted: Wanted,
    /// Instances and memory wanted.
    pub scale: Scale,
    /// The package wanted.
    pub package: Option<PackageId>,
    /// The package that serves: another than the wanted one while a deployment is under way.
    pub live: Option<PackageId>,
    /// The instance that the debugger's path leads to.
    pub debugger_instance: u16,
    /// How often a restart was asked for.
    pub restarts: i64,
    /// Grows with each change of what is wanted.
    pub revision: i64,
    /// Whether its database and bucket exist.
    pub provisioned: bool,
    /// Its database.
    pub database_name: String,
    /// The role that may use it.
    pub database_role: String,
    /// What the engine last told, and when.
    pub observed: Option<(Observation, OffsetDateTime)>,
}

/// The sealed passwords of an environment.
pub(crate) struct Passwords {
    pub(crate) database: Vec<u8>,
    pub(crate) debugger: Vec<u8>,
    pub(crate) admin: Vec<u8>,
}

impl Environment {
    /// An environment that nothing has been made for yet.
    pub(crate) fn new(id: EnvironmentId, app: &App, name: EnvironmentName, position: i16) -> Self {
        let identifier = format!("env_{}", id.uuid().simple());
        Self {
            id,
            company: app.company,
            app: app.id,
            host_label: name.host_label(&app.subdomain),
            name,
            position,
            wanted: Wanted::Stopped,
            scale: Scale::initial(app.plan.plan()),
            package: None,
            live: None,
            debugger_instance: 0,
            restarts: 0,
            revision: 1,
            provisioned: false,
            database_name: identifier.clone(),
            database_role: identifier,
            observed: None,
        }
    }

    /// The owner text that its secrets are sealed for.
    pub(crate) fn owner(&self) -> String {
        format!("environment {}", self.id)
    }

    pub(crate) fn new_passwords(&self, secrets: &Secrets) -> Result<Passwords> {
        let seal = |secret: &SecretString| secrets.seal(secret, &self.owner());
        Ok(Passwords {
            database: seal(&Secrets::generate())?,
            debugger: seal(&Secrets::generate())?,
            admin: seal(&Secrets::generate())?,
        })
    }

    /// Its status at `now`.
    pub fn status(&self, now: OffsetDateTime) -> Status {
        self.facts(now).status()
    }

    fn facts(&self, now: OffsetDateTime) -> StatusFacts {
        let counts = self
            .observed
            .as_ref()
            .map(|(o, _)| Counts::of(o))
            .unwrap_or_default();
        StatusFacts {
            wanted: self.wanted,
            deployed: self.package.is_some(),
            provisioned: self.provisioned,
            wanted_instances: self.scale.instances,
            ready: counts.ready,
            existing: counts.existing,
            crashed: counts.crashed,
            age_seconds: self
                .observed
                .as_ref()
                .map(|(_, at)| (now - *at).whole_seconds()),
        }
    }
}

/// Instances of an observation, counted by what matters for the status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) ready: u16,
    pub(crate) existing: u16,
    pub(crate) crashed: u16,
}

impl Counts {
    pub(crate) fn of(observation: &Observation) -> Self {
        use domain::states::InstanceState::{Crashed, Ready};
        let count = |wanted: &dyn Fn(&engine::observation::Instance) -> bool| {
            u16::try_from(observation.instances.iter().filter(|i| wanted(i)).count())
                .unwrap_or(u16::MAX)
        };
        Self {
            ready: count(&|i| i.state == Ready),
            existing: count(&|i| i.state != Crashed),
            crashed: count(&|i| i.state == Crashed),
        }
    }
}

/// What the person may do with an app and its environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accesses {
    /// Upload and delete packages.
    pub manage_packages: Access,
    /// Deploy, start, stop, restart, scale.
    pub operate: Access,
    /// See the debugger's credentials.
    pub debugger: Access,
    /// Delete the app.
    pub delete: Access,
}

impl Accesses {
    pub(crate) fn of(ctx: &Ctx, app: &App, team_role: TeamRole) -> Self {
        let access = |permission| app_access(&ctx.actor, app.company, Some(team_role), permission);
        Self {
            manage_packages: access(Permission::ManagePackages),
            operate: access(Permission::OperateEnvironment),
            debugger: access(Permission::UseDebugger),
            delete: access(Permission::DeleteApp),
        }
    }
}

/// Something that happened to an environment's instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// When.
    pub at: OffsetDateTime,
    /// The code of its kind: `crashed`, `ready`, …
    pub kind: String,
    /// The instance it is about.
    pub index: Option<u16>,
    /// As a person reads it.
    pub message: String,
}

/// A deployment, past or under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// What was deployed: `Shop 2.4.1`.
    pub package: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: OffsetDateTime,
    /// `running`, `succeeded` or `failed`.
    pub outcome: String,
    /// Its operation.
    pub operation: domain::ids::OperationId,
}

/// An environment, for its page.
#[derive(Debug, Clone)]
pub struct EnvironmentDetails {
    /// Its app.
    pub app: App,
    /// The environment; instances are in its observation.
    pub environment: Environment,
    /// Its address.
    pub url: String,
    /// Its status now.
    pub status: Status,
    /// How things are and what happens next, as a person reads it.
    pub sentence: String,
    /// The package that serves.
    pub package: Option<PackageSummary>,
    /// Database connections it has.
    pub connections: u32,
    /// The latest events, newest first.
    pub events: Vec<EventRow>,
    /// The latest deployments, newest first.
    pub deployments: Vec<Deployment>,
    /// The operation under way.
    pub operation: Option<OperationSummary>,
    /// The last operation, if it failed.
    pub last_failure: Option<OperationSummary>,
    /// What the person may do.
    pub access: Accesses,
}

/// One environment.
pub async fn get(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<EnvironmentDetails> {
    let (app, team_role) = visible(ctx, subdomain).await?;
    let mut db = ctx.state.pool.acquire().await?;
    let environment = db::environments::by_slug(&mut db, app.company, app.id, slug)
        .await?
        .ok_or(Error::NotFound)?;
    let package = match environment.live {
        Some(id) => db::packages::by_id(&mut db, app.company, app.id, id)
            .await?
            .map(|details| details.summary),
        None => None,
    };
    let runs = crate::operations::latest_of(ctx, &mut db, &app, &environment).await?;
    let status = environment.status(ctx.now());
    Ok(EnvironmentDetails {
        url: ctx.state.config.app_url(&environment.host_label),
        sentence: sentence::of(&environment, &status, runs.unfinished.as_ref()),
        status,
        package,
        connections: app.connections(),
        events: db::events::latest(&mut db, app.company, environment.id).await?,
        deployments: db::deployments::latest(&mut db, app.company, environment.id).await?,
        operation: runs.unfinished,
        last_failure: runs.last_failure,
        access: Accesses::of(ctx, &app, team_role),
        app,
        environment,
    })
}

/// The last log lines of an environment's instances.
pub async fn log_tail(
    ctx: &Ctx,
    subdomain: &Subdomain,
    slug: &str,
    tail: u32,
) -> Result<Vec<LogLine>> {
    let environment = find(ctx, subdomain, slug).await?;
    Ok(ctx
        .state
        .engine
        .logs(environment.id, tail.min(1000))
        .await?)
}

pub(crate) async fn find(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<Environment> {
    let (app, _) = visible(ctx, subdomain).await?;
    let mut db = ctx.state.pool.acquire().await?;
    db::environments::by_slug(&mut db, app.company, app.id, slug)
        .await?
        .ok_or(Error::NotFound)
}
