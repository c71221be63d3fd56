//! Debugger credentials: always active on v4, for a chosen instance.

use super::find;
use crate::apps::{permitted, visible};
use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use domain::names::Subdomain;
use domain::permissions::{Access, Permission, app_access};
use domain::states::InstanceState;
use engine::observation::Instance;
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
    let (app, team_role) = visible(ctx, subdomain).await?;
    let environment = find(ctx, subdomain, slug).await?;
    let can_reveal = app_access(
        &ctx.actor,
        app.company,
        Some(team_role),
        Permission::UseDebugger,
    );
    let mut instances = Vec::new();
    if let Some((observation, _)) = &environment.observed {
        for instance in &observation.instances {
            instances.push(ask(ctx, instance).await);
        }
    }
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

async fn ask(ctx: &Ctx, instance: &Instance) -> InstanceDebugger {
    let mut answer = InstanceDebugger {
        index: instance.index,
        state: instance.state,
        enabled: None,
        client_connected: false,
        paused_microflows: 0,
    };
    if instance.state != InstanceState::Ready {
        return answer;
    }
    match ctx
        .state
        .engine
        .admin(instance.id, "get_debugger_status", json!({}))
        .await
    {
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
    const ACTION: &str = "environment.reveal_debugger_password";
    let app = permitted(ctx, subdomain, Permission::UseDebugger, ACTION).await?;
    let mut tx = ctx.state.pool.begin().await?;
    let environment = db::environments::by_slug(&mut tx, app.company, app.id, slug)
        .await?
        .ok_or(Error::NotFound)?;
    let sealed = db::environments::passwords(&mut tx, environment.id)
        .await?
        .debugger;
    crate::audit::record(
        &mut tx,
        ctx,
        ACTION,
        &format!("{} / {}", app.name, environment.name),
        json!({}),
    )
    .await?;
    tx.commit().await?;
    ctx.state.secrets.open(&sealed, &environment.owner())
}

/// Leads the debugger's address to another instance; restarts nothing.
pub async fn choose_instance(
    ctx: &Ctx,
    subdomain: &Subdomain,
    slug: &str,
    index: u16,
) -> Result<()> {
    const ACTION: &str = "environment.choose_debugger_instance";
    let app = permitted(ctx, subdomain, Permission::UseDebugger, ACTION).await?;
    let mut tx = ctx.state.pool.begin().await?;
    let environment = db::environments::by_slug(&mut tx, app.company, app.id, slug)
        .await?
        .ok_or(Error::NotFound)?;
    if index >= environment.scale.instances {
        return Err(Error::invalid(
            "instance",
            format!(
                "Choose one of the {} instances.",
                environment.scale.instances
            ),
        ));
    }
    db::environments::set_debugger_instance(&mut tx, app.company, environment.id, index, ctx.now())
        .await?;
    crate::audit::record(
        &mut tx,
        ctx,
        ACTION,
        &format!("{} / {}", app.name, environment.name),
        json!({ "instance": index }),
    )
    .await?;
    db::notify::changed(
        &mut tx,
        app.company,
        &[format!("environment:{}", environment.id)],
    )
    .await?;
    tx.commit().await?;
    // The reconciler hands it over again if the engine is silent just now.
    if let Err(error) = super::workload::hand_over(&ctx.state, app.company, environment.id).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the engine did not take the change yet"
        );
    }
    Ok(())
}
