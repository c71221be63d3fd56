//! Debugger credentials: always active on v4, for a chosen instance.

use crate::access::{self, Resource};
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::desired_state;
use crate::error::{Error, Result};
use crate::resources;
use domain::names::Subdomain;
use domain::rights::{Access, Right};
use domain::states::InstanceState;
use domain::topics::Topic;
use engine::Engine;
use engine::observation::Instance;
use futures::future::join_all;
use secrecy::SecretString;
use serde_json::json;

/// What the debugger's page shows; the password is asked for on its own.
#[derive(Debug, Clone)]
pub struct Debugger {
    /// Where a modeler connects to.
    pub url: String,
    /// The instance that this address leads to.
    pub instance: u16,
    /// What each instance says of its debugger.
    pub instances: Vec<InstanceDebugger>,
    /// Whether the person may see the password.
    pub can_reveal: Access,
}

/// The debugger of one instance, as the running runtime tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceDebugger {
    /// Index of the instance.
    pub index: u16,
    /// Its state.
    pub state: InstanceState,
    /// Whether its debugger is enabled; none if it did not say.
    pub enabled: Option<bool>,
    /// Whether a modeler is connected.
    pub client_connected: bool,
    /// Microflows that stand at a breakpoint.
    pub paused_microflows: u32,
}

/// The debugger's page of an environment.
pub async fn get(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<Debugger> {
    let found =
        access::environment(&mut *ctx.state.pool.acquire().await?, ctx, subdomain, slug).await?;
    let can_reveal = ctx.may(Right::RevealDebuggerPassword, &found.target());
    let environment = found.environment;
    let engine = resources::regions::engine(&ctx.state, &found.app.region).await;
    let engine = engine.as_deref().ok();
    let observed = environment.observed.iter();
    let asked = observed.flat_map(|(observation, _)| &observation.instances);
    let instances = join_all(asked.map(|instance| ask(engine, instance))).await;
    Ok(Debugger {
        url: format!(
            "{}/debugger/",
            ctx.state.config.app_url(&environment.host_label)
        ),
        instance: environment.debugger_instance,
        instances,
        can_reveal,
    })
}

async fn ask(engine: Option<&dyn Engine>, instance: &Instance) -> InstanceDebugger {
    let mut answer = InstanceDebugger {
        index: instance.index,
        state: instance.state,
        enabled: None,
        client_connected: false,
        paused_microflows: 0,
    };
    let Some(engine) = engine.filter(|_| instance.state == InstanceState::Ready) else {
        return answer;
    };
    let asked = engine.admin(instance.id, "get_debugger_status", json!({}));
    match resources::engines::live(asked).await {
        Ok((0, feedback)) => {
            answer.enabled = feedback["enabled"].as_bool();
            answer.client_connected = feedback["client_connected"].as_bool().unwrap_or(false);
            answer.paused_microflows = feedback["number_of_paused_microflows"]
                .as_u64()
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(0);
        }
        Ok((result, _)) => tracing::info!(
            result,
            index = instance.index,
            "the runtime gave no debugger status"
        ),
        Err(error) => tracing::info!(
            error = &error as &dyn std::error::Error,
            "the debugger status could not be asked"
        ),
    }
    answer
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
    let instances = environment.scale.instances;
    if index >= instances {
        return Err(Error::invalid(
            "instance",
            format!("Choose one of the {instances} instances."),
        ));
    }
    let (id, now) = (environment.id, ctx.now());
    db::environments::set_debugger_instance(change.db(), company, id, index, now).await?;
    change
        .commit(json!({ "instance": index }), &[Topic::Environment(id)])
        .await?;
    // The reconciler gives it once more if the engine is silent just now.
    if let Err(error) = desired_state::apply(&ctx.state, company, id).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the engine did not take the change yet"
        );
    }
    Ok(())
}
