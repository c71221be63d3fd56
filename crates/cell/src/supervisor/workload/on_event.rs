//! What a workload's task makes of what happens to its instances.

use super::live::Live;
use super::{TRIES, WorkloadTask};
use crate::crash_policy::{self, Next};
use crate::record::Failure;
use crate::supervisor::plan::Of;
use crate::supervisor::report::{Ending, InstanceEvent, Report};
use crate::words;
use domain::states::InstanceState;
use engine::observation::{Crash, EventKind};
use std::collections::BTreeSet;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::Instant;

impl WorkloadTask {
    pub(super) fn on_event(&mut self, Report { id, event }: Report) {
        if matches!(event, InstanceEvent::Removed) {
            self.leftovers.remove(&id);
            return;
        }
        let Some(position) = self.live.iter().position(|live| live.record.id == id) else {
            return;
        };
        let workload = self.record.wanted.id;
        let journal = &self.shared.journal;
        let live = &mut self.live[position];
        let index = live.record.index;
        match event {
            InstanceEvent::Doing(state, detail)
                if live.state != InstanceState::Draining || state == live.state =>
            {
                live.enter(state, &detail);
            }
            InstanceEvent::Runs(record) => live.record = *record,
            InstanceEvent::Uses(usage) => live.usage = usage,
            InstanceEvent::Debugger(status) => live.debugger = Some(status),
            InstanceEvent::Ready(backend, record) => {
                live.record = *record;
                live.serve(backend);
                journal.record(
                    workload,
                    Some(index),
                    EventKind::Ready,
                    format!("Instance {index} is ready"),
                );
                self.note_rolled_out(index);
            }
            InstanceEvent::Adopted(backend) => {
                live.serve(backend);
                let message = format!("Instance {index} was found running and taken over");
                journal.record(workload, Some(index), EventKind::Adopted, message);
                self.note_rolled_out(index);
            }
            InstanceEvent::Unhealthy(why) if live.state == InstanceState::Ready => {
                let message = format!("Instance {index} fails its check: {why}");
                journal.record(workload, Some(index), EventKind::Unhealthy, message);
                live.enter(InstanceState::Unhealthy, &why);
            }
            InstanceEvent::Recovered if live.state == InstanceState::Unhealthy => {
                live.enter(InstanceState::Ready, "");
                let message = format!("Instance {index} answers again");
                journal.record(workload, Some(index), EventKind::Ready, message);
            }
            InstanceEvent::Doing(..)
            | InstanceEvent::Unhealthy(_)
            | InstanceEvent::Recovered
            | InstanceEvent::Removed => {}
            InstanceEvent::Ended(ending) => {
                let live = self.live.remove(position);
                if !matches!(ending, Ending::AsWanted) {
                    self.leftovers.insert(id);
                }
                self.on_ended(live, ending);
            }
        }
    }

    fn on_ended(&mut self, live: Live, ending: Ending) {
        let index = live.record.index;
        let workload = self.record.wanted.id;
        let told = live.state == InstanceState::Draining;
        match ending {
            Ending::AsWanted => {
                let message = format!("Instance {index} was stopped");
                self.shared
                    .journal
                    .record(workload, Some(index), EventKind::Stopped, message);
            }
            _ if told => {
                let message = format!("Instance {index} ended while it was being stopped");
                self.shared
                    .journal
                    .record(workload, Some(index), EventKind::Stopped, message);
            }
            Ending::NotReady { reason, log } => self.not_ready(live, &reason, log),
            Ending::Crashed {
                reason,
                log,
                stable,
            } => {
                let message = format!("Instance {index} crashed: {reason}");
                self.shared
                    .journal
                    .record(workload, Some(index), EventKind::Crashed, message);
                if self.is_new(&live.template_hash) {
                    self.tried(index, &reason, log);
                }
                self.crashed(live, &reason, stable);
            }
        }
    }

    /// Whether an instance of the wanted template has been ready at an index and is still there.
    pub(super) fn serves_wanted(&self, index: u16) -> bool {
        let mut here = self.live.iter().filter(|live| live.record.index == index);
        here.any(|live| {
            let serves = live.backend.is_some() && live.state != InstanceState::Draining;
            serves && self.of(&live.template_hash) == Of::Wanted
        })
    }

    pub(super) fn note_rolled_out(&mut self, index: u16) {
        if self.serves_wanted(index) && self.record.rolled_out.insert(index) {
            self.save();
        }
    }

    /// Whether a template is the wanted one and has not served everywhere yet.
    fn is_new(&self, template_hash: &String) -> bool {
        self.of(template_hash) == Of::Wanted && self.wanted_hash != self.serving_hash
    }

    fn not_ready(&mut self, live: Live, reason: &str, log: Vec<String>) {
        let index = live.record.index;
        let workload = self.record.wanted.id;
        let message = format!("Instance {index} did not become ready: {reason}");
        self.shared
            .journal
            .record(workload, Some(index), EventKind::Crashed, message);
        let reached = self.record.rolled_out.contains(&index);
        let is_new = self.is_new(&live.template_hash);
        if is_new || (!reached && self.of(&live.template_hash) == Of::Wanted) {
            self.tried(index, reason, log);
        }
        // What never was ready may never be: it is given up, not tried ever later.
        if !is_new || reached {
            self.crashed(live, reason, false);
        }
    }

    /// Counts a failure of what was asked for; too many, and the change has failed.
    fn tried(&mut self, index: u16, reason: &str, log: Vec<String>) {
        let tries = self.tries.entry(index).or_default();
        *tries += 1;
        if *tries < TRIES {
            return;
        }
        if self.record.serving.is_some() {
            // Here what served before takes over again; elsewhere it stays where it still is.
            let old = self.live.iter().filter(|live| {
                live.state != InstanceState::Draining && self.of(&live.template_hash) == Of::Serving
            });
            let stays: BTreeSet<u16> = old.map(|live| live.record.index).collect();
            let rolled_out = &mut self.record.rolled_out;
            rolled_out.retain(|at| *at != index && !stays.contains(at));
        }
        if self.record.failed.is_none() {
            let message = format!("The change was not rolled out: {reason}");
            self.shared.journal.record(
                self.record.wanted.id,
                Some(index),
                EventKind::RolloutFailed,
                message,
            );
            let reason = words::reason(reason);
            let log = words::log(log);
            self.record.failed = Some(Failure { reason, log });
        }
        self.save();
    }

    fn crashed(&mut self, live: Live, reason: &str, stable: bool) {
        let now = OffsetDateTime::now_utc();
        let crashes = self.record.crashes.entry(live.record.index).or_default();
        let ran = if stable {
            crash_policy::STABLE_AFTER
        } else {
            Duration::ZERO
        };
        crashes.count = crash_policy::count(crashes.count, ran);
        crashes.total = crashes.total.saturating_add(1);
        let reason = words::reason(reason);
        crashes.last = Some(Crash { at: now, reason });
        crashes.not_before = None;
        if let Next::After(pause) = crash_policy::next(crashes.count) {
            crashes.not_before = Some(now + pause);
            self.held.hold(live.record.index, Instant::now() + pause);
        }
        crashes.instance = Some(live.into_crashed());
        self.save();
    }
}
