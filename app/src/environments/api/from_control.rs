//! Environments as the control plane has them, made into what pages show.

use super::{Debugger, DebuggerInstance, Deployment, EnvironmentDetails, Event, Instance, Rollout};
use crate::error::{AppError, FieldError};
use crate::operations::api::from_control::summary;
use control::environments;
use domain::ids::PackageId;
use domain::regions::RegionCode;
use domain::scaling::Scale;
use domain::states::{Status, Tone};
use engine::observation;
use time::OffsetDateTime;

/// The sandbox in use and what it does not enforce; nothing while the engine is silent, which the status
/// says already.
pub(super) async fn sandbox(ctx: &control::ctx::Ctx, region: &RegionCode) -> (String, Vec<String>) {
    let info = environments::engine_info(ctx, region).await;
    info.map(|info| (info.sandbox, info.unenforced))
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

/// The scale that was typed into a form.
pub(super) fn chosen_scale(instances: &str, memory_mib: &str) -> Result<Scale, AppError> {
    let mut errors = Vec::new();
    let mut refuse = |field: &str, message: &str| {
        errors.push(FieldError {
            field: field.to_owned(),
            message: message.to_owned(),
        });
    };
    let instances = instances.trim().parse();
    if instances.is_err() {
        refuse("instances", "Instances must be a whole number, such as 2.");
    }
    let memory_mib = memory_mib.trim().parse();
    if memory_mib.is_err() {
        refuse(
            "memory_mib",
            "Memory must be a whole number of MB, such as 1024.",
        );
    }
    match (instances, memory_mib) {
        (Ok(instances), Ok(memory_mib)) => Ok(Scale {
            instances,
            memory_mib,
        }),
        _ => Err(AppError::Invalid {
            errors,
            typed: Vec::new(),
        }),
    }
}

pub(super) fn environment(
    details: environments::EnvironmentDetails,
    (sandbox, caveats): (String, Vec<String>),
    now: OffsetDateTime,
) -> EnvironmentDetails {
    let environment = details.environment;
    let observed_at = environment
        .observed
        .as_ref()
        .map(|(_, at)| at.unix_timestamp());
    let (instances, rollout) = environment.observed.map_or(
        (Vec::new(), observation::Rollout::Converged),
        |(seen, _)| (seen.instances, seen.rollout),
    );
    EnvironmentDetails {
        id: environment.id.to_string(),
        app_name: details.app.name.to_string(),
        app: details.app.subdomain.to_string(),
        slug: environment.name.slug(),
        name: environment.name.to_string(),
        url: details.url,
        status: details.status,
        sentence: details.sentence,
        desired: environment.desired,
        scale: environment.scale,
        plan: details.plan,
        database: environment.database_name,
        connections: details.connections,
        package: details.package.map(Into::into),
        observed_at,
        read_at: now.unix_timestamp(),
        instances: instances.into_iter().map(Into::into).collect(),
        rollout: rollout_note(rollout),
        sandbox,
        caveats,
        events: details.events.into_iter().map(Into::into).collect(),
        operation: details.operation.map(|operation| summary(operation, now)),
        last_failure: details
            .last_failure
            .map(|operation| summary(operation, now)),
        deployments: details.deployments.into_iter().map(Into::into).collect(),
        actions: details.actions,
    }
}

fn rollout_note(rollout: observation::Rollout) -> Option<Rollout> {
    match rollout {
        observation::Rollout::Converged => None,
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
            "ready" | "converged" | "settled" => Tone::Ok,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_refused_at_its_field() {
        let refused = |instances, memory| -> Vec<String> {
            match chosen_scale(instances, memory) {
                Err(AppError::Invalid { errors, .. }) => {
                    errors.into_iter().map(|error| error.field).collect()
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(refused("", "1024"), ["instances"]);
        assert_eq!(refused("2.5", "a lot"), ["instances", "memory_mib"]);
        let scale = chosen_scale(" 3 ", "1024").expect("numbers");
        assert_eq!((scale.instances, scale.memory_mib), (3, 1024));
    }
}
