//! How much of an observation is different: what pages say, what their lists say, or meters alone.

use crate::model::environments::Counts;
use domain::states::InstanceState;
use engine::observation::{Instance, Observation};

/// What is different between two observations; the first that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// What lists show too.
    Summary,
    /// What the environment's pages say.
    Words,
    /// Meters, and how long until a crashed one is started again.
    Meters,
    /// Nothing that anybody would see.
    Nothing,
}

/// Meters move all the time: a part of the memory's limit, and thousandths of a core, that can be seen.
const MEMORY_PARTS: u64 = 64;
const CPU_MILLI: u32 = 50;

impl Difference {
    pub(super) fn between(before: &Observation, after: &Observation) -> Self {
        let pairs = || before.instances.iter().zip(&after.instances);
        if Counts::of(before) != Counts::of(after) {
            Self::Summary
        } else if before.revision != after.revision
            || before.rollout != after.rollout
            || words(before) != words(after)
        {
            Self::Words
        } else if pairs().any(|(before, after)| is_seen(before, after)) {
            Self::Meters
        } else {
            Self::Nothing
        }
    }
}

fn is_seen(before: &Instance, after: &Instance) -> bool {
    let memory = |i: &Instance| i.memory_bytes.unwrap_or(0);
    let cpu = |i: &Instance| i.cpu_milli.unwrap_or(0);
    let step = (after.memory_limit_bytes / MEMORY_PARTS).max(1);
    before.detail != after.detail
        || memory(before).abs_diff(memory(after)) >= step
        || cpu(before).abs_diff(cpu(after)) >= CPU_MILLI
}

/// What pages say of instances, meters and the countdown of a crashed one aside.
fn words(observation: &Observation) -> Vec<impl PartialEq> {
    let instances = observation.instances.iter();
    let words = instances.map(|i| {
        let debugger = i.debugger.as_ref();
        (
            i.id,
            i.index,
            i.state,
            (i.state != InstanceState::Crashed).then(|| i.detail.clone()),
            i.current,
            i.restarts,
            debugger.map(|d| (d.enabled, d.client_connected, d.paused_microflows)),
        )
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::Difference;
    use domain::ids::{EnvironmentId, InstanceId};
    use domain::states::InstanceState;
    use engine::observation::{Instance, Observation, Rollout};
    use time::OffsetDateTime;
    use uuid::Uuid;

    fn observation(change: impl FnOnce(&mut Instance)) -> Observation {
        let mut instance = Instance {
            id: InstanceId::new(Uuid::from_u128(1)),
            index: 0,
            zone: "a".to_owned(),
            state: InstanceState::Ready,
            detail: String::new(),
            current: true,
            package: "Shop 1".to_owned(),
            pid: None,
            since: OffsetDateTime::UNIX_EPOCH,
            memory_bytes: Some(1 << 28),
            memory_limit_bytes: 1 << 30,
            cpu_milli: Some(10),
            restarts: 0,
            last_crash: None,
            debugger: None,
        };
        change(&mut instance);
        Observation {
            id: EnvironmentId::new(Uuid::from_u128(2)),
            revision: 1,
            instances: vec![instance],
            rollout: Rollout::Converged,
            observed_at: OffsetDateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_what_somebody_sees_counts_as_such() {
        let before = observation(|_| ());
        let to = |change: fn(&mut Instance)| Difference::between(&before, &observation(change));
        assert_eq!(to(|_| ()), Difference::Nothing);
        assert_eq!(to(|i| i.cpu_milli = Some(40)), Difference::Nothing);
        assert_eq!(to(|i| i.cpu_milli = Some(400)), Difference::Meters);
        assert_eq!(to(|i| i.memory_bytes = Some(1 << 29)), Difference::Meters);
        assert_eq!(to(|i| i.detail = "Late".to_owned()), Difference::Words);
        assert_eq!(
            to(|i| i.state = InstanceState::Crashed),
            Difference::Summary
        );
        let later = Observation {
            observed_at: OffsetDateTime::UNIX_EPOCH + time::Duration::HOUR,
            ..before.clone()
        };
        assert_eq!(Difference::between(&before, &later), Difference::Nothing);
    }
}
