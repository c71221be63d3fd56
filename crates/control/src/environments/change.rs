//! Changing what is wanted of an environment: deploy, start, stop, restart, scale.
//!
//! All of them are one operation: remember what was wanted, want something else, wait until the
//! engine has made it so; else want again what was wanted before.

use super::Environment;
use crate::apps::{App, AppState, permitted};
use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use crate::sagas::environment_change::{EnvironmentChange, Params};
use domain::ids::{OperationId, PackageId};
use domain::names::Subdomain;
use domain::permissions::Permission;
use domain::scaling::Scale;
use domain::states::Wanted;
use saga::saga::{SagaId, Subject};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// A change of what is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
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
        /// What is wanted.
        scale: Scale,
    },
}

impl Change {
    const fn action(&self) -> &'static str {
        match self {
            Self::Deploy { .. } => "environment.deploy",
            Self::Start => "environment.start",
            Self::Stop => "environment.stop",
            Self::Restart => "environment.restart",
            Self::Scale { .. } => "environment.scale",
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
    change(ctx, subdomain, slug, Change::Deploy { package }).await
}

/// Starts an environment.
pub async fn start(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<OperationId> {
    change(ctx, subdomain, slug, Change::Start).await
}

/// Stops an environment.
pub async fn stop(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<OperationId> {
    change(ctx, subdomain, slug, Change::Stop).await
}

/// Restarts an environment without losing a request.
pub async fn restart(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<OperationId> {
    change(ctx, subdomain, slug, Change::Restart).await
}

/// Changes instances or memory.
pub async fn scale(
    ctx: &Ctx,
    subdomain: &Subdomain,
    slug: &str,
    scale: Scale,
) -> Result<OperationId> {
    change(ctx, subdomain, slug, Change::Scale { scale }).await
}

async fn change(
    ctx: &Ctx,
    subdomain: &Subdomain,
    slug: &str,
    change: Change,
) -> Result<OperationId> {
    let app = permitted(
        ctx,
        subdomain,
        Permission::OperateEnvironment,
        change.action(),
    )
    .await?;
    let mut tx = ctx.state.pool.begin().await?;
    let environment = db::environments::by_slug(&mut tx, app.company, app.id, slug)
        .await?
        .ok_or(Error::NotFound)?;
    let label = check(&mut tx, &app, &environment, &change).await?;
    let operation = SagaId(Uuid::now_v7());
    let target = format!("{} / {}", app.name, environment.name);
    let title = match (&change, &label) {
        (Change::Deploy { .. }, Some(label)) => format!("Deploy {label} to {target}"),
        (Change::Scale { scale }, _) => {
            format!(
                "Scale {target} to {} × {}",
                scale.instances,
                domain::scaling::mib(scale.memory_mib)
            )
        }
        (Change::Start, _) => format!("Start {target}"),
        (Change::Stop, _) => format!("Stop {target}"),
        _ => format!("Restart {target}"),
    };
    let params = Params {
        company: app.company,
        environment: environment.id,
        change: change.clone(),
    };
    crate::operations::start::<EnvironmentChange>(
        ctx,
        &mut tx,
        operation,
        Subject::new("environment", environment.id.uuid()),
        title,
        &params,
    )
    .await?;
    if let Some(label) = &label {
        db::deployments::insert(
            &mut tx,
            &environment,
            OperationId::new(operation.0),
            label,
            &ctx.name,
            ctx.now(),
        )
        .await?;
    }
    let before = json!({ "wanted": environment.wanted, "scale": environment.scale, "package": environment.package });
    crate::audit::record(
        &mut tx,
        ctx,
        change.action(),
        &target,
        json!({ "before": before, "change": change }),
    )
    .await?;
    db::notify::changed(
        &mut tx,
        app.company,
        &[format!("environment:{}", environment.id)],
    )
    .await?;
    tx.commit().await?;
    Ok(OperationId::new(operation.0))
}

/// Refuses a change that cannot work; the label of the package that is to be deployed.
async fn check(
    db: &mut sqlx::PgConnection,
    app: &App,
    environment: &Environment,
    change: &Change,
) -> Result<Option<String>> {
    let state = db::apps::by_id_locked(db, app.company, app.id)
        .await?
        .map(|app| app.state);
    let hindrance = match state {
        None | Some(AppState::Deleting) => {
            Some("This app is being deleted; nothing of it can be changed any more.")
        }
        Some(AppState::Ready) if environment.provisioned => None,
        Some(AppState::Creating | AppState::Ready) => {
            Some("This app is still being created. Wait until that operation has ended.")
        }
    };
    if let Some(text) = hindrance {
        return Err(Error::Conflict(text.to_owned()));
    }
    if environment.package.is_none()
        && !matches!(change, Change::Deploy { .. } | Change::Scale { .. })
    {
        return Err(Error::Conflict(
            "Nothing is deployed here yet. Deploy a package first.".to_owned(),
        ));
    }
    match change {
        Change::Deploy { package } => {
            let package = db::packages::by_id(db, app.company, app.id, *package).await?;
            let package = package
                .ok_or_else(|| Error::invalid("package", "Choose one of this app's packages."))?;
            Ok(Some(package.summary.label()))
        }
        Change::Scale { scale } => {
            scale
                .check(app.plan.plan(), app.connections())
                .map_err(|e| Error::invalid(e.field, e.message))?;
            Ok(None)
        }
        Change::Start if environment.wanted == Wanted::Running => {
            Err(Error::Conflict("It is running already.".to_owned()))
        }
        Change::Stop if environment.wanted == Wanted::Stopped => {
            Err(Error::Conflict("It is stopped already.".to_owned()))
        }
        Change::Restart if environment.wanted == Wanted::Stopped => Err(Error::Conflict(
            "It is stopped; start it instead.".to_owned(),
        )),
        _ => Ok(None),
    }
}
