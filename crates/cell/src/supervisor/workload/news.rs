//! What a workload's task makes of the news of its instances.

use super::live::{Fallen, Live};
use super::{Keeper, TRIES};
use crate::crash_policy::{self, Next};
use crate::record::Failure;
use crate::supervisor::report::{Ending, News, Report};
use domain::states::InstanceState;
use engine::observation::{Crash, EventKind};
use std::time::Duration;
use time::OffsetDateTime;

impl Keeper {
    pub(super) fn hear(&mut self, Report { id, news }: Report) {
        let Some(position) = self.live.iter().position(|live| live.record.id == id) else {
            return;
        };
        let workload = self.record.wanted.id;
        let journal = &self.shared.journal;
        let live = &mut self.live[position];
        let index = live.record.index;
        match news {
            News::Doing(state, detail)
                if live.state != InstanceState::Draining || state == live.state =>
            {
                live.enter(state, detail);
            }
            News::Runs(record) => live.record = *record,
            News::Uses(usage) => live.usage = usage,
            News::Ready(backend, record) => {
                live.record = *record;
                live.serve(backend);
                journal.record(
                    workload,
                    Some(index),
                    EventKind::Ready,
                    format!("Instance {index} is ready"),
                );
                let current = Some(&live.print) == self.wanted_print.as_ref();
                if current {
                    self.tries.remove(&index);
                    if self.record.moved.insert(index) {
                        self.save();
                    }
                }
            }
            News::Adopted(backend) => {
                live.serve(backend);
                let message = format!("Instance {index} was found running and taken over");
                journal.record(workload, Some(index), EventKind::Adopted, message);
            }
            News::Unhealthy(why) if live.state == InstanceState::Ready => {
                let message = format!("Instance {index} gets no requests: {why}");
                journal.record(workload, Some(index), EventKind::Unhealthy, message);
                live.enter(InstanceState::Unhealthy, why);
            }
            News::Recovered if live.state == InstanceState::Unhealthy => {
                live.enter(InstanceState::Ready, String::new());
                let message = format!("Instance {index} answers again");
                journal.record(workload, Some(index), EventKind::Ready, message);
            }
            News::Doing(..) | News::Unhealthy(_) | News::Recovered => {}
            News::Ended(ending) => {
                let live = self.live.remove(position);
                self.bury(live, ending);
            }
        }
    }

    fn bury(&mut self, live: Live, ending: Ending) {
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
            Ending::NotReady { reason, log } => self.not_ready(live, reason, log),
            Ending::Crashed { reason, stable } => {
                let message = format!("Instance {index} crashed: {reason}");
                self.shared
                    .journal
                    .record(workload, Some(index), EventKind::Crashed, message);
                self.crashed(live, reason, stable);
            }
        }
    }

    fn not_ready(&mut self, live: Live, reason: String, log: Vec<String>) {
        let index = live.record.index;
        let workload = self.record.wanted.id;
        let message = format!("Instance {index} did not become ready: {reason}");
        self.shared
            .journal
            .record(workload, Some(index), EventKind::Crashed, message);
        let is_new = Some(&live.print) == self.wanted_print.as_ref()
            && self.wanted_print != self.serving_print
            && !self.record.moved.contains(&index);
        if !is_new {
            self.crashed(live, reason, false);
            return;
        }
        let tries = self.tries.entry(index).or_default();
        *tries += 1;
        if *tries < TRIES || self.record.failed.is_some() {
            return;
        }
        let message = format!("The change was not rolled out: {reason}");
        self.shared
            .journal
            .record(workload, Some(index), EventKind::RolloutFailed, message);
        self.record.failed = Some(Failure { reason, log });
        self.save();
    }

    fn crashed(&mut self, live: Live, reason: String, stable: bool) {
        let now = OffsetDateTime::now_utc();
        let crashes = self.record.crashes.entry(live.record.index).or_default();
        let ran = if stable {
            crash_policy::STABLE_AFTER
        } else {
            Duration::ZERO
        };
        crashes.count = crash_policy::count(crashes.count, ran);
        crashes.total = crashes.total.saturating_add(1);
        crashes.last = Some(Crash { at: now, reason });
        crashes.not_before = match crash_policy::next(crashes.count) {
            Next::AtOnce => None,
            Next::After(pause) => Some(now + pause),
            Next::Never => {
                Some(OffsetDateTime::from_unix_timestamp(253_402_300_799).unwrap_or(now))
            }
        };
        let fallen = Fallen {
            record: live.record,
            print: live.print,
            since: now,
        };
        self.fallen.insert(fallen.record.index, fallen);
        self.save();
    }
}
