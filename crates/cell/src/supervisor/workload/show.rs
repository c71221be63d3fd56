//! What a workload's task shows of itself.

use super::live::Live;
use super::{WorkloadTask, held};
use crate::disk_uses::Followed;
use crate::local_path;
use domain::states::InstanceState;
use engine::observation::{Instance, Observation, Rollout};
use std::sync::PoisonError;
use time::OffsetDateTime;
use tokio::time::Instant;

impl WorkloadTask {
    pub(super) fn publish(&self) {
        let failed = self.record.failed.as_ref().map(|failure| Rollout::Failed {
            reason: failure.reason.clone(),
            log: failure.log.clone(),
        });
        let unreadable = self.unreadable_text().map(|reason| Rollout::Failed {
            reason,
            log: Vec::new(),
        });
        let rollout = unreadable.or(failed).or_else(|| self.situation().rollout());
        let mut instances: Vec<Instance> = self.live.iter().map(|live| self.show(live)).collect();
        let wanted = self.record.wanted.instances;
        let missing = (0..wanted).filter(|index| {
            let mut live = self.live.iter();
            !live.any(|live| live.record.index == *index)
        });
        instances.extend(missing.filter_map(|index| self.show_crashed(index)));
        instances.sort_by_key(|instance| (instance.index, instance.since));
        let observation = Observation {
            id: self.record.wanted.id,
            revision: self.record.wanted.revision,
            instances,
            rollout: rollout.unwrap_or(Rollout::Converged),
            observed_at: OffsetDateTime::now_utc(),
        };
        self.shared.disk_uses.follow(self.followed());
        *self.observed.lock().unwrap_or_else(PoisonError::into_inner) = observation;
    }

    /// What is measured of it.
    fn followed(&self) -> Followed {
        let wanted = &self.record.wanted;
        let bucket = wanted.template.as_ref();
        let instances = self.live.iter();
        Followed {
            id: wanted.id,
            bucket: bucket.and_then(|it| local_path::of(&it.bucket.url).ok()),
            allowed: wanted.files_bytes,
            instances: instances
                .map(|live| (live.record.id, live.record.first))
                .collect(),
            uid: self.live.first().map(|live| live.record.uid),
        }
    }

    fn show(&self, live: &Live) -> Instance {
        let record = &live.record;
        let crashes = self.record.crashes.get(&record.index);
        Instance {
            id: record.id,
            index: record.index,
            zone: record.zone.clone(),
            state: live.state,
            detail: live.detail.clone(),
            current: Some(&live.template_hash) == self.wanted_hash.as_ref(),
            package: record.template.package.label.clone(),
            pid: record.runtime_pid,
            since: live.since,
            memory_bytes: live.usage.memory_bytes,
            memory_limit_bytes: u64::from(record.template.memory_mib) << 20,
            cpu_milli: live.usage.cpu_milli,
            restarts: crashes.map_or(0, |crashes| crashes.total),
            last_crash: crashes.and_then(|crashes| crashes.last.clone()),
            debugger: live.debugger.clone(),
        }
    }

    fn show_crashed(&self, index: u16) -> Option<Instance> {
        let crashes = self.record.crashes.get(&index)?;
        let (ended, last) = (crashes.instance.as_ref()?, crashes.last.as_ref()?);
        let detail = match self.held.left(index, Instant::now()) {
            _ if held::given_up(crashes) => {
                "Crashed too often; it is started again after the next change".to_owned()
            }
            Some(left) => format!("Starts again in {} s", left.as_secs() + 1),
            None => String::new(),
        };
        Some(Instance {
            id: ended.id,
            index,
            zone: ended.zone.clone(),
            state: InstanceState::Crashed,
            detail,
            current: Some(&ended.template_hash) == self.wanted_hash.as_ref(),
            package: ended.package.clone(),
            pid: None,
            since: last.at,
            memory_bytes: None,
            memory_limit_bytes: u64::from(ended.memory_mib) << 20,
            cpu_milli: None,
            restarts: crashes.total,
            last_crash: Some(last.clone()),
            debugger: None,
        })
    }
}
