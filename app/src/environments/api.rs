//! What the environment screens ask of the server.

#![expect(
    missing_docs,
    reason = "an argument of a server function is a field that cannot be documented"
)]

use super::actions::Actions;
use crate::error::AppError;
use crate::operations::api::OperationSummary;
use crate::packages::api::PackageSummary;
#[cfg(feature = "ssr")]
use crate::{apps::api::address, paths, server_context};
use domain::permissions::Access;
use domain::plans::PlanCode;
use domain::scaling::Scale;
use domain::states::{InstanceState, Status, Tone, Wanted};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// An environment on its own pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentDetails {
    /// Its id.
    pub id: String,
    /// The app's name.
    pub app_name: String,
    /// The app's address's first label.
    pub app: String,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// Its address.
    pub url: String,
    /// Its status.
    pub status: Status,
    /// How things are, in plain words.
    pub sentence: String,
    /// What it should do.
    pub wanted: Wanted,
    /// Instances and memory that are wanted.
    pub scale: Scale,
    /// The plan.
    pub plan: PlanCode,
    /// Its database.
    pub database: String,
    /// Connections that its database allows.
    pub connections: u32,
    /// The package that is deployed.
    pub package: Option<PackageSummary>,
    /// When its instances were last seen.
    pub observed_at: Option<i64>,
    /// When this was read.
    pub read_at: i64,
    /// Its instances, by index.
    pub instances: Vec<Instance>,
    /// How far a change has come, if one is under way or failed.
    pub rollout: Option<Rollout>,
    /// The sandbox that instances run in.
    pub sandbox: String,
    /// What the sandbox does not enforce on this machine.
    pub caveats: Vec<String>,
    /// What happened, newest first.
    pub events: Vec<Event>,
    /// The operation under way.
    pub operation: Option<OperationSummary>,
    /// The latest operation, if it failed.
    pub last_failure: Option<OperationSummary>,
    /// What was deployed, newest first.
    pub deployments: Vec<Deployment>,
    /// What may be done now.
    pub actions: Actions,
}

impl EnvironmentDetails {
    /// Whether it serves or is to.
    pub fn runs(&self) -> bool {
        self.wanted == Wanted::Running && self.package.is_some()
    }
}

/// One instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Its id; a replacement has another.
    pub id: String,
    /// Its index: 0 is the leader.
    pub index: u16,
    /// Its zone.
    pub zone: String,
    /// Its state.
    pub state: InstanceState,
    /// The step or the failing check; may be empty.
    pub detail: String,
    /// The package it runs.
    pub package: String,
    /// Whether it is of the wanted version and memory.
    pub current: bool,
    /// Since when it is in this state.
    pub since: i64,
    /// Memory in use, bytes.
    pub memory: Option<u64>,
    /// Memory limit, bytes.
    pub memory_limit: u64,
    /// Processor use, thousandths of a core.
    pub cpu_milli: Option<u32>,
    /// Crashes of this index for as long as it is wanted.
    pub restarts: u32,
    /// The last crash of this index: when and why.
    pub last_crash: Option<(i64, String)>,
}

impl Instance {
    /// The state as a chip; the step is part of the words.
    pub fn status(&self) -> Status {
        let label = match (self.state, self.detail.as_str()) {
            (_, "") | (InstanceState::Ready, _) => self.state.label().to_owned(),
            (_, detail) => format!("{}: {detail}", self.state.label()),
        };
        Status {
            tone: self.state.tone(),
            label,
        }
    }
}

/// How far a change has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rollout {
    /// Under way.
    Rolling {
        /// Ready instances of the wanted kind.
        done: u16,
        /// Instances wanted.
        total: u16,
        /// What is being done.
        doing: String,
    },
    /// Failed; older instances keep serving.
    Failed {
        /// The failing check or step.
        reason: String,
        /// The last log lines of the instance that failed.
        log: Vec<String>,
    },
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: i64,
    /// The tone of its mark.
    pub tone: Tone,
    /// What.
    pub message: String,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The package: `Shop 2.4.1`.
    pub package: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: i64,
    /// How it ended, or that it is under way.
    pub outcome: Status,
}

/// What the debugger page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debugger {
    /// The environment's id.
    pub environment: String,
    /// The app's name.
    pub app_name: String,
    /// The environment's name.
    pub name: String,
    /// The environment's status.
    pub status: Status,
    /// The address to give to the modelling tool.
    pub url: String,
    /// The instance that the address leads to.
    pub instance: u16,
    /// The running instances and what they say of their debugger.
    pub instances: Vec<DebuggerInstance>,
    /// Whether one may see the password.
    pub reveal: Access,
}

/// What one instance says of its debugger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebuggerInstance {
    /// Its index.
    pub index: u16,
    /// Its state.
    pub state: InstanceState,
    /// Whether its debugger is on; unknown when it did not answer.
    pub enabled: Option<bool>,
    /// Whether a tool is connected.
    pub client_connected: bool,
    /// Microflows that stand still.
    pub paused: u32,
}

/// One environment.
#[server]
pub async fn get_environment(
    app: String,
    environment: String,
) -> Result<EnvironmentDetails, AppError> {
    let ctx = server_context::ctx().await?;
    let details = control::environments::get(&ctx, &address(&app)?, &environment).await?;
    let sandbox = from_control::sandbox(&ctx).await;
    Ok(from_control::environment(details, sandbox, ctx.now()))
}

/// Deploys a package and goes back to the environment, where it can be watched.
#[server]
pub async fn deploy_environment(
    app: String,
    environment: String,
    #[server(default)] package: String,
) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let package = from_control::chosen_package(&package)?;
    control::environments::change::deploy(&ctx, &address(&app)?, &environment, package).await?;
    leptos_axum::redirect(&paths::environment(&app, &environment));
    Ok(())
}

/// Starts an environment.
#[server]
pub async fn start_environment(app: String, environment: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    control::environments::change::start(&ctx, &address(&app)?, &environment).await?;
    Ok(())
}

/// Stops an environment after its last requests.
#[server]
pub async fn stop_environment(app: String, environment: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    control::environments::change::stop(&ctx, &address(&app)?, &environment).await?;
    Ok(())
}

/// Replaces the instances of an environment one after another.
#[server]
pub async fn restart_environment(app: String, environment: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    control::environments::change::restart(&ctx, &address(&app)?, &environment).await?;
    Ok(())
}

/// Changes number and memory of an environment's instances.
#[server]
pub async fn scale_environment(
    app: String,
    environment: String,
    #[server(default)] instances: String,
    #[server(default)] memory_mib: String,
) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let change = async {
        let scale = from_control::chosen_scale(&instances, &memory_mib)?;
        control::environments::change::scale(&ctx, &address(&app)?, &environment, scale).await?;
        Ok(())
    };
    let changed: Result<(), AppError> = change.await;
    changed
        .map_err(|error| error.with_typed(&[("instances", instances), ("memory_mib", memory_mib)]))
}

/// The debugger of an environment, as its running instances describe it.
#[server]
pub async fn get_debugger(app: String, environment: String) -> Result<Debugger, AppError> {
    let ctx = server_context::ctx().await?;
    let address = address(&app)?;
    let details = control::environments::get(&ctx, &address, &environment).await?;
    let debugger = control::environments::debugger::get(&ctx, &address, &environment).await?;
    Ok(from_control::debugger(details, debugger))
}

/// The debugger's password. That it was shown is kept in the audit.
#[server]
pub async fn reveal_debugger_password(
    app: String,
    environment: String,
) -> Result<String, AppError> {
    use secrecy::ExposeSecret as _;
    let ctx = server_context::ctx().await?;
    let secret =
        control::environments::debugger::reveal_password(&ctx, &address(&app)?, &environment)
            .await?;
    Ok(secret.expose_secret().to_owned())
}

/// Chooses the instance that the debugger's address leads to.
#[server]
pub async fn choose_debugger_instance(
    app: String,
    environment: String,
    instance: u16,
) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let address = address(&app)?;
    control::environments::debugger::choose_instance(&ctx, &address, &environment, instance)
        .await?;
    Ok(())
}

#[cfg(feature = "ssr")]
mod from_control;
