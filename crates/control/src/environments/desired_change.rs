//! Changing what is desired of an environment: deploy, start, stop, restart, scale.
//!
//! All of them are one operation: remember what was desired, want something else, wait until the
//! engine has made it so; else want again what was desired before.

use crate::access::{self, FoundEnvironment, Resource};
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use crate::operations;
use crate::quotas;
use crate::sagas::environment_change::{EnvironmentChange, Params};
use domain::ids::{OperationId, PackageId};
use domain::names::Subdomain;
use domain::quotas::{Amounts, QuotaKind};
use domain::scaling::Scale;
use domain::states::AppState;
use domain::topics::Topic;
use domain::what_may::environments::{Action, Facts};
use saga::saga::SagaId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// A change of what is desired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DesiredChange {
    /// Another package; starts a stopped environment.
    Deploy {
        /// The package.
        package: PackageId,
    },
    /// Serve.
    Start,
    /// Serve no longer; data is kept.
    Stop,
    /// Replace every instance by a new one, one after another.
    Restart,
    /// Other instances or memory.
    Scale {
        /// What is desired.
        scale: Scale,
    },
}

impl DesiredChange {
    const fn action(&self) -> Action {
        match self {
            Self::Deploy { .. } => Action::Deploy,
            Self::Start => Action::Start,
            Self::Stop => Action::Stop,
            Self::Restart => Action::Restart,
            Self::Scale { .. } => Action::Scale,
        }
    }

    /// What the operation is called; `package` is the label of the one that is deployed.
    fn title(&self, package: Option<&str>, target: &str) -> String {
        match self {
            Self::Deploy { .. } => format!("Deploy {} to {target}", package.unwrap_or_default()),
            Self::Scale { scale } => format!(
                "Scale {target} to {} × {}",
                scale.instances,
                domain::scaling::mib(scale.memory_mib)
            ),
            Self::Start => format!("Start {target}"),
            Self::Stop => format!("Stop {target}"),
            Self::Restart => format!("Restart {target}"),
        }
    }
}

/// Deploys a package.
pub async fn deploy(
    ctx: &Ctx,
    subdomain: &Subdomain,
    slug: &str,
    package: PackageId,
) -> Result<OperationId> {
    change(ctx, subdomain, slug, DesiredChange::Deploy { package }).await
}

/// Starts an environment.
pub async fn start(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<OperationId> {
    change(ctx, subdomain, slug, DesiredChange::Start).await
}

/// Stops an environment.
pub async fn stop(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<OperationId> {
    change(ctx, subdomain, slug, DesiredChange::Stop).await
}

/// Restarts an environment without losing a request.
pub async fn restart(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<OperationId> {
    change(ctx, subdomain, slug, DesiredChange::Restart).await
}

/// Changes instances or memory.
pub async fn scale(
    ctx: &Ctx,
    subdomain: &Subdomain,
    slug: &str,
    scale: Scale,
) -> Result<OperationId> {
    change(ctx, subdomain, slug, DesiredChange::Scale { scale }).await
}

async fn change(
    ctx: &Ctx,
    subdomain: &Subdomain,
    slug: &str,
    desired: DesiredChange,
) -> Result<OperationId> {
    let mut db = ctx.state.pool.acquire().await?;
    let found = access::environment(&mut db, ctx, subdomain, slug).await?;
    drop(db);
    let mut change = Change::begin(ctx, desired.action().right(), &found).await?;
    let label = check(change.db(), &found, &desired).await?;
    if let DesiredChange::Scale { scale } = desired {
        let (now, then) = (found.environment.scale, scale);
        let more = then
            .total_memory_mib()
            .saturating_sub(now.total_memory_mib());
        let more = Amounts::default().with(QuotaKind::MemoryMib, more.into());
        quotas::take(&mut change, ctx, "memory_mib", &more).await?;
    }
    let (operation, environment) = (SagaId(Uuid::now_v7()), &found.environment);
    let params = Params {
        company: found.app.company,
        environment: environment.id,
        change: desired.clone(),
    };
    operations::start::<EnvironmentChange>(
        ctx,
        change.db(),
        operation,
        found.subject(),
        desired.title(label.as_deref(), &found.label()),
        &params,
    )
    .await?;
    let operation = OperationId::new(operation.0);
    if let Some(label) = &label {
        let (by, now) = (&ctx.name, ctx.now());
        db::deployments::insert(change.db(), environment, operation, label, by, now).await?;
    }
    if let DesiredChange::Deploy { package } = desired {
        let (company, id) = (found.app.company, environment.id);
        db::environments::set_deploying(change.db(), company, id, Some(package), ctx.now()).await?;
    }
    let before = json!({ "desired": environment.desired, "scale": environment.scale, "package": environment.package });
    let topics = [Topic::Environment(environment.id)];
    change
        .commit(json!({ "before": before, "change": desired }), &topics)
        .await?;
    Ok(operation)
}

/// Refuses a change that cannot work; the label of the package that is to be deployed.
async fn check(
    db: &mut sqlx::PgConnection,
    found: &FoundEnvironment,
    desired: &DesiredChange,
) -> Result<Option<String>> {
    let (app, environment) = (&found.app, &found.environment);
    // Held, so that no deletion begins beside this.
    let state = db::apps::hold_state(db, app.company, app.id).await?;
    let subjects = [environment.id.uuid(), app.id.uuid()];
    let runs = db::operations::unfinished(db, app.company, &subjects, None).await?;
    let facts = Facts {
        app: state.unwrap_or(AppState::Deleting),
        under_way: operations::under_way(&runs, &subjects),
        ..found.facts()
    };
    if let Some(reason) = facts.hindrance(desired.action()) {
        return Err(Error::Conflict(reason));
    }
    match desired {
        DesiredChange::Deploy { package } => {
            let package = db::packages::get(db, app.company, app.id, *package).await?;
            let package = package
                .ok_or_else(|| Error::invalid("package", "Choose one of this app's packages."))?;
            Ok(Some(package.label()))
        }
        DesiredChange::Scale { scale } => {
            let plan = db::plans::get(db, &app.plan).await??;
            scale
                .check(
                    &plan,
                    environment
                        .connections
                        .unwrap_or_else(|| app.connections(&plan)),
                )
                .map_err(|e| Error::invalid(e.field, e.message))?;
            Ok(None)
        }
        DesiredChange::Start | DesiredChange::Stop | DesiredChange::Restart => Ok(None),
    }
}
