//! What an engine last told of an environment, as pages show it.

use crate::model::environments::Environment;
use engine::observation;
use views::environments::{Crash, Instance, Rollout};

/// The instances, by index.
pub(super) fn instances(environment: &Environment) -> Vec<Instance> {
    let observed = environment.observed.as_ref();
    let instances = observed.map(|(seen, _)| seen.instances.as_slice());
    instances.unwrap_or_default().iter().map(instance).collect()
}

fn instance(instance: &observation::Instance) -> Instance {
    Instance {
        id: instance.id,
        index: instance.index,
        zone: instance.zone.clone(),
        state: instance.state,
        detail: instance.detail.clone(),
        package: instance.package.clone(),
        current: instance.current,
        since: instance.since.unix_timestamp(),
        memory: instance.memory_bytes,
        memory_limit: instance.memory_limit_bytes,
        cpu_milli: instance.cpu_milli,
        restarts: instance.restarts,
        last_crash: instance.last_crash.as_ref().map(|crash| Crash {
            at: crash.at.unix_timestamp(),
            reason: crash.reason.clone(),
        }),
    }
}

/// How far a change has come, if one is under way or failed.
pub(super) fn rollout(environment: &Environment) -> Option<Rollout> {
    let (seen, _) = environment.observed.as_ref()?;
    match seen.rollout.clone() {
        observation::Rollout::Converged => None,
        observation::Rollout::Rolling { done, total, doing } => {
            Some(Rollout::Rolling { done, total, doing })
        }
        observation::Rollout::Failed { reason, log } => Some(Rollout::Failed { reason, log }),
    }
}
