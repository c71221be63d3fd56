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
use crate::operations;
use crate::usage::view;
use domain::names::Subdomain;
use domain::what_may::environments::Facts;
use views::environments::EnvironmentDetails;

/// One environment, as far as the portal knows it: no engine is asked.
pub async fn get(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<EnvironmentDetails> {
    let db = &mut *ctx.state.pool.acquire().await?;
    let (found, on) = access::environment_page(db, ctx, subdomain, slug).await?;
    let (app, environment) = (&found.app, &found.environment);
    let (plan, engine) = (on.plan, on.engine);
    let usage = on.usage.map(|row| view::usage(&row, plan.as_ref().ok()));
    let latest = operations::latest_of(ctx, db, app, environment).await?;
    let history = db::environments::history(db, app.company, environment.id).await?;
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
        connections: environment
            .connections
            .or(plan.as_ref().ok().map(|plan| app.connections(plan)))
            .unwrap_or(0),
        plan,
        database: environment.database_name.clone(),
        package: on.package,
        observed_at: environment.observed_at(),
        read_at: ctx.now().unix_timestamp(),
        instances: observed::instances(environment),
        rollout: observed::rollout(environment),
        sandbox: engine
            .as_ref()
            .map(|engine| engine.sandbox.clone())
            .unwrap_or_default(),
        room: engine.as_ref().and_then(|it| it.room).map(view::room),
        usage: usage.unwrap_or_default(),
        unenforced: engine.map(|engine| engine.unenforced).unwrap_or_default(),
        events: history.events,
        operation: latest.unfinished,
        last_failure: latest.last_failure,
        deployments: history.deployments,
        actions: facts.actions(&ctx.actor, &found.target()),
    })
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
