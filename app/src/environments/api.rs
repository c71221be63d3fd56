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
use crate::{apps::api::address, paths, request};
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
    /// Crashes of this index since it was last stable.
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
    let ctx = request::ctx().await?;
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
    let ctx = request::ctx().await?;
    let package = from_control::chosen_package(&package)?;
    control::environments::change::deploy(&ctx, &address(&app)?, &environment, package).await?;
    leptos_axum::redirect(&paths::environment(&app, &environment));
    Ok(())
}

/// Starts an environment.
#[server]
pub async fn start_environment(app: String, environment: String) -> Result<(), AppError> {
    let ctx = request::ctx().await?;
    control::environments::change::start(&ctx, &address(&app)?, &environment).await?;
    Ok(())
}

/// Stops an environment after its last requests.
#[server]
pub async fn stop_environment(app: String, environment: String) -> Result<(), AppError> {
    let ctx = request::ctx().await?;
    control::environments::change::stop(&ctx, &address(&app)?, &environment).await?;
    Ok(())
}

/// Replaces the instances of an environment one after another.
#[server]
pub async fn restart_environment(app: String, environment: String) -> Result<(), AppError> {
    let ctx = request::ctx().await?;
    control::environments::change::restart(&ctx, &address(&app)?, &environment).await?;
    Ok(())
}

/// Changes number and memory of an environment's instances.
#[server]
pub async fn scale_environment(
    app: String,
    environment: String,
    instances: u16,
    memory_mib: u32,
) -> Result<(), AppError> {
    let ctx = request::ctx().await?;
    let scale = Scale {
        instances,
        memory_mib,
    };
    control::environments::change::scale(&ctx, &address(&app)?, &environment, scale).await?;
    Ok(())
}

/// The debugger of an environment, as its running instances describe it.
#[server]
pub async fn get_debugger(app: String, environment: String) -> Result<Debugger, AppError> {
    let ctx = request::ctx().await?;
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
    let ctx = request::ctx().await?;
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
    let ctx = request::ctx().await?;
    let address = address(&app)?;
    control::environments::debugger::choose_instance(&ctx, &address, &environment, instance)
        .await?;
    Ok(())
}

#[cfg(feature = "ssr")]
mod from_control {
    use super::{
        Debugger, DebuggerInstance, Deployment, EnvironmentDetails, Event, Instance, Rollout,
    };
    use crate::environments::actions::Situation;
    use crate::error::{AppError, FieldError};
    use crate::operations::api::from_control::summary;
    use control::environments;
    use domain::ids::PackageId;
    use domain::states::{Status, Tone};
    use engine::observation;
    use time::OffsetDateTime;

    /// The sandbox in use; empty while the engine is silent, which the status says already.
    pub(super) async fn sandbox(ctx: &control::ctx::Ctx) -> String {
        ctx.state
            .engine
            .info()
            .await
            .map(|info| info.sandbox)
            .unwrap_or_default()
    }

    /// The package that was chosen in a form.
    pub(super) fn chosen_package(text: &str) -> Result<PackageId, AppError> {
        text.parse().map_err(|_| AppError::Invalid {
            errors: vec![FieldError {
                field: "package".to_owned(),
                message: "Choose one of the packages.".to_owned(),
            }],
            typed: Vec::new(),
        })
    }

    pub(super) fn environment(
        details: environments::EnvironmentDetails,
        sandbox: String,
        now: OffsetDateTime,
    ) -> EnvironmentDetails {
        let environment = details.environment;
        let actions = Situation {
            operate: details.access.operate,
            wanted: environment.wanted,
            deployed: environment.package.is_some(),
            under_way: details
                .operation
                .as_ref()
                .map(|operation| operation.title.clone()),
        }
        .actions();
        let observed_at = environment
            .observed
            .as_ref()
            .map(|(_, at)| at.unix_timestamp());
        let (instances, rollout) = environment
            .observed
            .map_or((Vec::new(), observation::Rollout::Settled), |(seen, _)| {
                (seen.instances, seen.rollout)
            });
        EnvironmentDetails {
            id: environment.id.to_string(),
            app_name: details.app.name.to_string(),
            app: details.app.subdomain.to_string(),
            slug: environment.name.slug(),
            name: environment.name.to_string(),
            url: details.url,
            status: details.status,
            sentence: details.sentence,
            wanted: environment.wanted,
            scale: environment.scale,
            plan: details.app.plan,
            database: environment.database_name,
            connections: details.connections,
            package: details.package.map(Into::into),
            observed_at,
            read_at: now.unix_timestamp(),
            instances: instances.into_iter().map(Into::into).collect(),
            rollout: rollout_note(rollout),
            sandbox,
            events: details.events.into_iter().map(Into::into).collect(),
            operation: details.operation.map(|operation| summary(operation, now)),
            last_failure: details
                .last_failure
                .map(|operation| summary(operation, now)),
            deployments: details.deployments.into_iter().map(Into::into).collect(),
            actions,
        }
    }

    fn rollout_note(rollout: observation::Rollout) -> Option<Rollout> {
        match rollout {
            observation::Rollout::Settled => None,
            observation::Rollout::Rolling { done, total, doing } => {
                Some(Rollout::Rolling { done, total, doing })
            }
            observation::Rollout::Failed { reason, log } => Some(Rollout::Failed { reason, log }),
        }
    }

    impl From<observation::Instance> for Instance {
        fn from(instance: observation::Instance) -> Self {
            Self {
                id: instance.id.to_string(),
                index: instance.index,
                zone: instance.zone,
                state: instance.state,
                detail: instance.detail,
                package: instance.package,
                current: instance.current,
                since: instance.since.unix_timestamp(),
                memory: instance.memory_bytes,
                memory_limit: instance.memory_limit_bytes,
                cpu_milli: instance.cpu_milli,
                restarts: instance.restarts,
                last_crash: instance
                    .last_crash
                    .map(|crash| (crash.at.unix_timestamp(), crash.reason)),
            }
        }
    }

    impl From<environments::EventRow> for Event {
        fn from(event: environments::EventRow) -> Self {
            let tone = match event.kind.as_str() {
                "ready" | "settled" => Tone::Ok,
                "starting" => Tone::Busy,
                "unhealthy" => Tone::Warn,
                "crashed" | "rollout_failed" => Tone::Bad,
                _ => Tone::Idle,
            };
            Self {
                at: event.at.unix_timestamp(),
                tone,
                message: event.message,
            }
        }
    }

    impl From<environments::Deployment> for Deployment {
        fn from(deployment: environments::Deployment) -> Self {
            let (tone, label) = match deployment.outcome.as_str() {
                "succeeded" => (Tone::Ok, "Done"),
                "running" => (Tone::Busy, "Under way"),
                _ => (Tone::Bad, "Failed"),
            };
            Self {
                package: deployment.package,
                by: deployment.by,
                at: deployment.at.unix_timestamp(),
                outcome: Status {
                    tone,
                    label: label.to_owned(),
                },
            }
        }
    }

    pub(super) fn debugger(
        details: environments::EnvironmentDetails,
        debugger: environments::debugger::Debugger,
    ) -> Debugger {
        let instance = |instance: environments::debugger::InstanceDebugger| DebuggerInstance {
            index: instance.index,
            state: instance.state,
            enabled: instance.enabled,
            client_connected: instance.client_connected,
            paused: instance.paused_microflows,
        };
        Debugger {
            environment: details.environment.id.to_string(),
            app_name: details.app.name.to_string(),
            name: details.environment.name.to_string(),
            status: details.status,
            url: debugger.url,
            instance: debugger.instance,
            instances: debugger.instances.into_iter().map(instance).collect(),
            reveal: debugger.can_reveal,
        }
    }
}
