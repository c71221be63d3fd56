//! Environments: look at, and change what is desired of them.

pub mod debugger;
pub mod desired_change;
mod status_text;

use crate::access::{self, FoundEnvironment, Resource};
use crate::ctx::Ctx;
use crate::db;
use crate::error::Result;
use crate::model::apps::App;
use crate::model::environments::Environment;
use crate::operations::OperationSummary;
use crate::packages::PackageSummary;
use crate::resources;
use domain::bad_row::BadRow;
use domain::names::Subdomain;
use domain::plans::Plan;
use domain::regions::RegionCode;
use domain::rights::{Access, Right, Target};
use domain::states::Status;
use domain::what_may::environments::{Actions, Facts};
use engine::observation::Info;
use time::OffsetDateTime;

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
    pub(crate) fn of(ctx: &Ctx, target: &Target) -> Self {
        Self {
            manage_packages: ctx.may(Right::UploadPackage, target),
            operate: ctx.may(Right::Deploy, target),
            debugger: ctx.may(Right::RevealDebuggerPassword, target),
            delete: ctx.may(Right::DeleteApp, target),
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
    /// The plan of its app, or the row that cannot be used.
    pub plan: std::result::Result<Plan, BadRow>,
    /// Database connections it has; none known without a plan.
    pub connections: u32,
    /// The latest events, newest first.
    pub events: Vec<EventRow>,
    /// The latest deployments, newest first.
    pub deployments: Vec<Deployment>,
    /// The operation under way.
    pub operation: Option<OperationSummary>,
    /// The last operation, if it failed.
    pub last_failure: Option<OperationSummary>,
    /// What the person may do now.
    pub actions: Actions,
}

/// One environment.
pub async fn get(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<EnvironmentDetails> {
    let mut db = ctx.state.pool.acquire().await?;
    let found = access::environment(&mut db, ctx, subdomain, slug).await?;
    let (app, environment) = (&found.app, &found.environment);
    let package = match environment.live {
        Some(id) => db::packages::get(&mut db, app.company, app.id, id)
            .await?
            .map(|details| details.summary),
        None => None,
    };
    let plan = db::plans::get(&mut db, &app.plan).await?;
    let runs = crate::operations::latest_of(ctx, &mut db, app, environment).await?;
    let status = environment.status(ctx.now());
    let under_way = runs.unfinished.as_ref().map(OperationSummary::under_way);
    Ok(EnvironmentDetails {
        url: ctx.state.config.app_url(&environment.host_label),
        sentence: status_text::of(environment, &status, runs.unfinished.as_ref()),
        status,
        package,
        connections: plan.as_ref().map_or(0, |plan| app.connections(plan)),
        plan,
        events: db::events::latest(&mut db, app.company, environment.id).await?,
        deployments: db::deployments::latest(&mut db, app.company, environment.id).await?,
        actions: Facts {
            under_way,
            ..found.facts()
        }
        .actions(&ctx.actor, &found.target()),
        operation: runs.unfinished,
        last_failure: runs.last_failure,
        app: found.app,
        environment: found.environment,
    })
}

/// What the engine of a region is, asked now; nothing while it is silent, which the status says already.
pub async fn engine_info(ctx: &Ctx, region: &RegionCode) -> Option<Info> {
    let engine = resources::regions::engine(&ctx.state, region).await.ok()?;
    resources::engines::live(engine.info()).await.ok()
}

impl FoundEnvironment {
    /// What decides on what may be done with it now, as far as its rows tell.
    pub(crate) fn facts(&self) -> Facts {
        Facts {
            app: self.app.state,
            provisioned: self.environment.provisioned,
            desired: self.environment.desired,
            deployed: self.environment.package.is_some(),
            under_way: None,
        }
    }
}
