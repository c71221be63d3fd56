//! Environments: look at, and change what is desired of them.

pub mod debugger;
pub mod desired_change;
pub(crate) mod list;
mod observed;
mod status_text;

use crate::access::{self, FoundEnvironment, Resource};
use crate::ctx::Ctx;
use crate::db;
use crate::error::Result;
use crate::model::packages::Package;
use crate::operations;
use domain::names::Subdomain;
use domain::what_may::environments::Facts;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use std::time::Duration;
use views::environments::EnvironmentDetails;

/// How long a page waits for an engine that is asked while it is made.
const ENGINE_MAY_TAKE: Duration = Duration::from_secs(2);

/// One environment.
pub async fn get(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<EnvironmentDetails> {
    let mut db = ctx.state.pool.acquire().await?;
    let found = access::environment(&mut db, ctx, subdomain, slug).await?;
    let (details, (sandbox, caveats)) = tokio::join!(details(ctx, db, found), sandbox(ctx));
    Ok(EnvironmentDetails {
        sandbox,
        caveats,
        ..details?
    })
}

/// What the portal itself knows of an environment. Gives the connection back at once: an engine may be
/// waited for beside it.
async fn details(
    ctx: &Ctx,
    mut db: PoolConnection<Postgres>,
    found: FoundEnvironment,
) -> Result<EnvironmentDetails> {
    let db = &mut *db;
    let (app, environment) = (&found.app, &found.environment);
    let package = match environment.live {
        Some(id) => db::packages::get(db, app.company, app.id, id).await?,
        None => None,
    };
    let latest = operations::latest_of(ctx, db, app, environment).await?;
    let status = environment.status(ctx.now());
    let facts = Facts {
        under_way: latest.under_way,
        ..found.facts()
    };
    Ok(EnvironmentDetails {
        id: environment.id,
        app_id: app.id,
        app_name: app.name.to_string(),
        app: app.subdomain.to_string(),
        name: environment.name.to_string(),
        slug: environment.name.slug(),
        url: ctx.state.config.app_url(&environment.host_label),
        sentence: status_text::of(environment, &status, latest.unfinished.as_ref()),
        status,
        desired: environment.desired,
        scale: environment.scale,
        plan: app.plan,
        database: environment.database_name.clone(),
        connections: app.connections(),
        package: package.as_ref().map(Package::summary),
        observed_at: environment.observed_at(),
        read_at: ctx.now().unix_timestamp(),
        instances: observed::instances(environment),
        rollout: observed::rollout(environment),
        sandbox: String::new(),
        caveats: Vec::new(),
        events: db::events::latest(db, app.company, environment.id).await?,
        operation: latest.unfinished,
        last_failure: latest.last_failure,
        deployments: db::deployments::latest(db, app.company, environment.id).await?,
        actions: facts.actions(&ctx.actor, &found.target()),
    })
}

/// The sandbox in use and what it does not enforce; nothing while the engine is silent, which the status
/// says already.
async fn sandbox(ctx: &Ctx) -> (String, Vec<String>) {
    let info = tokio::time::timeout(ENGINE_MAY_TAKE, ctx.state.engine.info()).await;
    info.ok()
        .and_then(std::result::Result::ok)
        .map(|info| (info.sandbox, info.caveats))
        .unwrap_or_default()
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
