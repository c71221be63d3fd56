//! Debugger credentials: always active on v4, for a chosen instance.

use crate::access;
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::desired_state;
use crate::error::{Error, Result};
use domain::names::Subdomain;
use domain::rights::Right;
use domain::topics::Topic;
use engine::observation::Instance;
use secrecy::SecretString;
use serde_json::json;
use views::environments::{Debugger, DebuggerInstance};

/// The debugger of an environment, as its running instances last told of it: nobody is asked.
pub async fn get(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<Debugger> {
    let found =
        access::environment(&mut *ctx.state.pool.acquire().await?, ctx, subdomain, slug).await?;
    let reveal = found.may(ctx, Right::RevealDebuggerPassword);
    let choose = found.may(ctx, Right::ChooseDebuggerInstance);
    let environment = found.environment;
    let (observed, told_at) = (environment.observed.as_ref(), environment.observed_at());
    let instances = observed.map(|(seen, _)| seen.instances.as_slice());
    let told = |instance| told(instance, told_at);
    Ok(Debugger {
        environment: environment.id,
        app_name: found.app.name.to_string(),
        name: environment.name.to_string(),
        status: environment.status(ctx.now()),
        url: format!(
            "{}/debugger/",
            ctx.state.config.app_url(&environment.host_label)
        ),
        instance: environment.debugger_instance,
        instances: instances.unwrap_or_default().iter().map(told).collect(),
        reveal,
        choose,
    })
}

/// What an instance last told of its debugger; the engine, heard at `told_at`, passes on nothing that is older.
fn told(instance: &Instance, told_at: Option<i64>) -> DebuggerInstance {
    let status = instance.debugger.as_ref();
    DebuggerInstance {
        index: instance.index,
        state: instance.state,
        enabled: status.map(|status| status.enabled),
        client_connected: status.is_some_and(|status| status.client_connected),
        paused: status.map_or(0, |status| status.paused_microflows),
        told_at: told_at.filter(|_| status.is_some()),
    }
}

/// The debugger's password; each look is audited.
pub async fn reveal_password(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<SecretString> {
    let found =
        access::environment(&mut *ctx.state.pool.acquire().await?, ctx, subdomain, slug).await?;
    let mut change = Change::begin(ctx, Right::RevealDebuggerPassword, &found).await?;
    let environment = &found.environment;
    let sealed = db::environments::passwords(change.db(), found.app.company, environment.id)
        .await?
        .debugger;
    change.commit(json!({}), &[]).await?;
    ctx.state.secrets.open(&sealed, &environment.owner())
}

/// Leads the debugger's address to another instance; restarts nothing.
pub async fn choose_instance(
    ctx: &Ctx,
    subdomain: &Subdomain,
    slug: &str,
    index: u16,
) -> Result<()> {
    let found =
        access::environment(&mut *ctx.state.pool.acquire().await?, ctx, subdomain, slug).await?;
    let mut change = Change::begin(ctx, Right::ChooseDebuggerInstance, &found).await?;
    let (company, environment) = (found.app.company, &found.environment);
    let (id, now) = (environment.id, ctx.now());
    if !db::environments::set_debugger_instance(change.db(), company, id, index, now).await? {
        return Err(Error::invalid(
            "instance",
            "Choose one of the instances that there are.",
        ));
    }
    change
        .commit(json!({ "instance": index }), &[Topic::Environment(id)])
        .await?;
    // The task `workloads` gives it once more if the engine is silent just now.
    if let Err(error) = desired_state::apply(&ctx.state, company, id).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the engine did not take the change yet"
        );
    }
    Ok(())
}
