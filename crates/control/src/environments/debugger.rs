//! Debugger credentials: always active on v4, for a chosen instance.

use super::ENGINE_MAY_TAKE;
use crate::access::{self, Resource};
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::desired_state;
use crate::error::{Error, Result};
use domain::names::Subdomain;
use domain::rights::Right;
use domain::states::InstanceState;
use domain::topics::Topic;
use engine::observation::Instance;
use futures::future::join_all;
use secrecy::SecretString;
use serde_json::json;
use views::environments::{Debugger, DebuggerInstance};

/// The debugger of an environment, as its running instances tell of it: all are asked at once, and one
/// that does not answer soon is said to be silent.
pub async fn get(ctx: &Ctx, subdomain: &Subdomain, slug: &str) -> Result<Debugger> {
    let found =
        access::environment(&mut *ctx.state.pool.acquire().await?, ctx, subdomain, slug).await?;
    let target = found.target();
    let environment = found.environment;
    let observed = environment.observed.as_ref();
    let instances = observed.map(|(seen, _)| seen.instances.as_slice());
    let answers = instances.unwrap_or_default().iter();
    let answers = join_all(answers.map(|instance| ask(ctx, instance))).await;
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
        instances: answers,
        reveal: ctx.may(Right::RevealDebuggerPassword, &target),
        choose: ctx.may(Right::ChooseDebuggerInstance, &target),
    })
}

async fn ask(ctx: &Ctx, instance: &Instance) -> DebuggerInstance {
    let mut answer = DebuggerInstance {
        index: instance.index,
        state: instance.state,
        enabled: None,
        client_connected: false,
        paused: 0,
    };
    if instance.state != InstanceState::Ready {
        return answer;
    }
    let engine = &ctx.state.engine;
    let asked = engine.admin(instance.id, "get_debugger_status", json!({}));
    match tokio::time::timeout(ENGINE_MAY_TAKE, asked).await {
        Ok(Ok((0, feedback))) => {
            answer.enabled = feedback["enabled"].as_bool();
            answer.client_connected = feedback["client_connected"].as_bool().unwrap_or(false);
            answer.paused = feedback["number_of_paused_microflows"]
                .as_u64()
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(0);
        }
        Ok(Ok((result, _))) => tracing::info!(
            result,
            index = instance.index,
            "the runtime gave no debugger status"
        ),
        Ok(Err(error)) => tracing::info!(
            error = &error as &dyn std::error::Error,
            "the debugger status could not be asked"
        ),
        Err(_) => tracing::info!(
            index = instance.index,
            "the debugger status did not come in time"
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
