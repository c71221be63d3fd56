//! How an instance ends: what is asked of it, what is found out, what is kept, what is removed.

use super::{InstanceTask, LATECOMERS, Running};
use crate::crash_policy;
use crate::disk;
use crate::init::Exit;
use crate::process;
use crate::sandbox::console;
use crate::shared_folder;
use crate::supervisor::report::{Ending, InstanceEvent};
use crate::supervisor::{health, logs};
use crate::usage::Meter;
use crate::words;
use domain::states::InstanceState;
use rustix::process::Signal;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::{sleep, timeout};

/// Log lines that go with a failure.
const LAST_LINES: usize = 30;
/// How long a runtime may take to end itself, first when asked, then when told. A model has work
/// to finish and microflows to run before it ends.
const ENDS_WHEN_ASKED: Duration = Duration::from_secs(30);
const ENDS_WHEN_TOLD: Duration = Duration::from_secs(10);

impl InstanceTask {
    pub(super) async fn stop(&self, running: &Running, drain: Duration) {
        let drained = async {
            sleep(LATECOMERS).await;
            running.backend.drained().await;
        };
        tokio::select! {
            () = running.watched.ended() => return,
            _ = timeout(drain, drained) => {}
        }
        self.doing(InstanceState::Draining, "Ending");
        let asked = running
            .client
            .with_timeout(health::ANSWER_WITHIN)
            .shutdown()
            .await;
        if asked.is_ok()
            && timeout(ENDS_WHEN_ASKED, running.watched.ended())
                .await
                .is_ok()
        {
            return;
        }
        running.watched.signal(Signal::TERM);
        if timeout(ENDS_WHEN_TOLD, running.watched.ended())
            .await
            .is_err()
        {
            tracing::warn!(instance = %self.record.id, "an instance did not end by itself and is killed");
        }
    }

    /// Ends the instance for good, says so, and removes everything that is left of it.
    pub(super) async fn finish(self, ending: Ending) {
        self.shared.close_channel(self.record.id);
        if matches!(ending, Ending::AsWanted) {
            self.remove().await;
            self.report(InstanceEvent::Ended(ending));
            return;
        }
        // As soon as it runs no more another one may take its place; what it leaves waits for nobody.
        if let Some(first) = self.record.first
            && let Err(error) = self.shared.sandbox.end(first).await
        {
            tracing::error!(instance = %self.record.id, "{error:#}");
        }
        let Self { shared, record, .. } = &self;
        // It ends once, also if the cell itself ends before all is removed.
        if let Err(error) = shared.layout.forget(record.id) {
            tracing::warn!(instance = %record.id, %error, "the record of what ended cannot be removed");
        }
        self.report(InstanceEvent::Ended(ending));
        if let Err(error) = disk::aside(|| logs::keep(&shared.layout, record)) {
            tracing::warn!(instance = %record.id, %error, "the end of an instance's log cannot be kept");
        }
        self.remove().await;
        self.report(InstanceEvent::Removed);
    }

    async fn remove(&self) {
        let Self { shared, record, .. } = self;
        let container = record.container();
        while let Err(error) = shared.remove_instance(record).await {
            let folder = shared.layout.instance(record.id);
            let problem = format!(
                "{}: what is left of an instance cannot be removed, which is tried again: {error:#}",
                folder.display()
            );
            tracing::error!("{problem}");
            shared.set_problem(&container, Some(problem));
            sleep(Duration::from_secs(5)).await;
        }
        shared.set_problem(&container, None);
    }

    pub(super) fn not_ready(&self, error: &anyhow::Error) -> Ending {
        Ending::NotReady {
            reason: words::reason(&format!("{error:#}")),
            log: self.last_lines(),
        }
    }

    pub(super) fn crashed(&self) -> Ending {
        self.gone(self.how_it_ended())
    }

    pub(super) fn gone(&self, reason: String) -> Ending {
        Ending::Crashed {
            reason,
            log: self.last_lines(),
            stable: self.ran() >= crash_policy::STABLE_AFTER,
        }
    }

    fn ran(&self) -> Duration {
        match (self.ready, self.record.ready_at) {
            (Some(ready), _) => ready.before + ready.seen.elapsed(),
            // It ended while no cell watched: nothing but the time of day says for how long it had run.
            (None, Some(at)) => {
                Duration::try_from(OffsetDateTime::now_utc() - at).unwrap_or_default()
            }
            (None, None) => Duration::ZERO,
        }
    }

    pub(super) fn how_it_ended(&self) -> String {
        let collected = self.record.first.and_then(process::collect);
        let exit = shared_folder::exit(&self.shared.layout.run(self.record.id));
        let meter = Meter::new(self.record.groups.clone(), &self.record.container(), None);
        match (exit, collected) {
            (Some(Exit::Code(code)), _) => format!("ended by itself with code {code}"),
            (Some(Exit::Signal(9)), _) | (None, Some(9)) if meter.out_of_memory() > 0 => {
                let limit = self.record.template.memory_mib;
                format!("out of memory: it needed more than its {limit} MiB")
            }
            (Some(Exit::Signal(signal)), _) | (None, Some(signal)) => {
                format!("killed by signal {signal}")
            }
            (None, None) => {
                let folder = self.shared.layout.instance(self.record.id);
                let said = console::last_line(&folder);
                said.map_or_else(|| "killed".to_owned(), |said| format!("ended: {said}"))
            }
        }
    }

    fn last_lines(&self) -> Vec<String> {
        shared_folder::log_tail(&self.shared.layout.run(self.record.id), LAST_LINES)
    }
}
