//! What a workload's state means for the plan, for the ingress and for the zones.

use super::WorkloadTask;
use super::live::Live;
use crate::ingress::backend::Backend;
use crate::ingress::route::{Route, Unserved};
use crate::supervisor::plan::{Of, Seen, Situation};
use domain::states::InstanceState;
use std::sync::Arc;
use tokio::time::Instant;

impl WorkloadTask {
    pub(super) fn route(&self) {
        if self.record.removing {
            self.shared.table.remove(self.record.wanted.id.uuid());
            return;
        }
        let wanted = &self.record.wanted;
        let mut backends = self.backends(InstanceState::Ready);
        if backends.is_empty() {
            // A slow answer is better than none: they all fail their checks, or it is the only one.
            backends = self.backends(InstanceState::Unhealthy);
        }
        let debugger = backends
            .iter()
            .rev()
            .find(|backend| backend.index() == wanted.debugger_instance);
        let comes = |live: &Live| {
            matches!(
                live.state,
                InstanceState::Starting | InstanceState::Checking | InstanceState::Unhealthy
            )
        };
        let state = if wanted.template.is_none() {
            Unserved::NeverDeployed
        } else if wanted.instances == 0 {
            Unserved::Stopped
        } else if self.live.iter().any(comes) {
            Unserved::Starting
        } else {
            Unserved::Crashed
        };
        let route = Route {
            title: wanted.title.clone(),
            hosts: wanted.hosts.clone(),
            debugger: debugger.cloned(),
            backends,
            state,
        };
        self.shared.table.set(wanted.id.uuid(), route);
    }

    fn backends(&self, state: InstanceState) -> Vec<Arc<Backend>> {
        let found = self.live.iter().filter(|live| live.state == state);
        found.filter_map(|live| live.backend.clone()).collect()
    }

    pub(super) fn situation(&self) -> Situation {
        let wanted = &self.record.wanted;
        let ends = self.halted || self.record.removing || wanted.template.is_none();
        let seen = self.live.iter().map(|live| Seen {
            id: live.record.id,
            index: live.record.index,
            of: self.of(&live.template_hash),
            state: live.state,
        });
        Situation {
            wanted: if ends { 0 } else { wanted.instances },
            same: self.wanted_hash == self.serving_hash,
            has_serving: self.record.serving.is_some(),
            failed: self.record.failed.is_some(),
            rolled_out: self.record.rolled_out.clone(),
            held_back: self.held.indexes(&self.record.crashes, Instant::now()),
            seen: seen.collect(),
        }
    }

    pub(super) fn of(&self, template_hash: &String) -> Of {
        if Some(template_hash) == self.wanted_hash.as_ref() {
            Of::Wanted
        } else if Some(template_hash) == self.serving_hash.as_ref() {
            Of::Serving
        } else {
            Of::Older
        }
    }

    /// The zone with the fewest instances; of equal ones the first.
    pub(super) fn zone(&self, index: u16) -> String {
        let zones = &self.shared.config.zones;
        let count = |zone: &&String| {
            let live = self.live.iter();
            live.filter(|live| &live.record.zone == *zone && live.record.index != index)
                .filter(|live| live.state != InstanceState::Draining)
                .count()
        };
        zones.iter().min_by_key(count).cloned().unwrap_or_default()
    }
}
