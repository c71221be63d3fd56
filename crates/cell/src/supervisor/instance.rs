//! The life of one instance: brought up, watched, ended; one task for each.

mod coming_up;
mod ending;

use super::debugger::DebuggerPoll;
use super::health::{self, App, Health, Patience, Verdict};
use super::launch_spec;
use super::report::{Ending, InstanceEvent, Order, Report};
use super::shared::Shared;
use crate::ingress::backend::Backend;
use crate::process::Watched;
use crate::record::InstanceRecord;
use crate::usage::Meter;
use crate::watched_task;
use domain::disk::words;
use domain::ids::EnvironmentId;
use domain::states::InstanceState;
use m2ee::client::Client;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Requests that chose an instance just before it was taken out get counted within this.
const LATECOMERS: Duration = Duration::from_millis(50);

/// How the tasks of a workload's instances are called where one failed.
pub fn name(workload: EnvironmentId) -> String {
    format!("an instance of the workload {workload}")
}

/// The task of one instance.
pub struct InstanceTask {
    /// The cell.
    pub shared: Arc<Shared>,
    /// The instance.
    pub record: InstanceRecord,
    /// What it is to do.
    pub orders: watch::Receiver<Order>,
    /// Who wants to know.
    pub reports: mpsc::UnboundedSender<Report>,
    /// Since when it gets requests.
    pub ready: Option<ReadySince>,
}

/// Since when an instance gets requests, by clocks that nobody sets.
#[derive(Debug, Clone, Copy)]
pub struct ReadySince {
    seen: Instant,
    before: Duration,
}

/// An instance that can be asked and watched.
pub struct Running {
    watched: Watched,
    client: Client,
    runtime: PathBuf,
    backend: Arc<Backend>,
    meter: Meter,
}

impl InstanceTask {
    /// Brings the instance up, watches it and cleans up after it, on a task of its own.
    pub fn begin(self) {
        self.work(Self::live);
    }

    /// The same from where a former cell left it; `found` is what [`Self::take_over`] gave.
    pub fn resume(self, found: anyhow::Result<Option<Running>>) {
        self.work(|task| task.live_on(found));
    }

    /// Where `work` itself fails, the instance is ended and counts as crashed.
    fn work<F>(self, work: impl FnOnce(Self) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let again = Self {
            shared: self.shared.clone(),
            record: self.record.clone(),
            orders: self.orders.clone(),
            reports: self.reports.clone(),
            ready: self.ready,
        };
        let work = work(self);
        tokio::spawn(async move {
            if let Err(why) = watched_task::run(work).await {
                again.failed(&why).await;
            }
        });
    }

    async fn failed(mut self, why: &str) {
        self.shared.note_failure(&name(self.record.workload), why);
        // What is on disk knows the process.
        if let Some(record) = self.shared.layout.stored_instance(self.record.id) {
            self.record = record;
        }
        let ending = self.gone("the engine's own task for it failed".to_owned());
        self.finish(ending).await;
    }

    async fn live(mut self) {
        let mut orders = self.orders.clone();
        let come_up = tokio::select! {
            biased;
            told = told_to_stop(&mut orders) => Err(told.map(|_| Ending::AsWanted)),
            outcome = self.come_up() => outcome.map_err(|error| Some(self.not_ready(&error))),
        };
        let ending = match come_up {
            Ok(running) => {
                let record = Box::new(self.record.clone());
                self.report(InstanceEvent::Ready(running.backend(), record));
                self.watch(running).await
            }
            Err(ending) => ending,
        };
        self.leave(ending).await;
    }

    async fn live_on(mut self, found: anyhow::Result<Option<Running>>) {
        let ending = match found {
            Ok(Some(running)) => self.watch(running).await,
            Ok(None) if self.record.ready_at.is_some() => Some(self.crashed()),
            // It was not ready when the cell ended: nobody knows how far it got.
            Ok(None) => Some(Ending::AsWanted),
            Err(error) => Some(self.not_ready(&error)),
        };
        self.leave(ending).await;
    }

    /// Without an ending, nobody wants to know of it any more: whoever takes its place takes over what there is.
    async fn leave(self, ending: Option<Ending>) {
        if let Some(ending) = ending {
            self.finish(ending).await;
        }
    }

    /// What a former cell left running, if it was ready then and runs still.
    pub fn take_over(&mut self) -> anyhow::Result<Option<Running>> {
        let (Some(first), true) = (self.record.first, self.record.ready_at.is_some()) else {
            return Ok(None);
        };
        let Some(watched) = Watched::open(first)? else {
            return Ok(None);
        };
        let admin = self
            .shared
            .layout
            .socket(self.record.id, launch_spec::ADMIN);
        let runtime = self
            .shared
            .layout
            .socket(self.record.id, launch_spec::RUNTIME);
        let client = Client::unix(admin, self.record.admin_password.clone());
        Ok(Some(self.running(watched, first.age(), client, runtime)))
    }

    fn running(
        &mut self,
        watched: Watched,
        before: Duration,
        client: Client,
        runtime: PathBuf,
    ) -> Running {
        let seen = Instant::now();
        self.ready = Some(ReadySince { seen, before });
        let record = &self.record;
        self.shared.open_channel(record.id, client.clone());
        Running {
            watched,
            client,
            backend: Arc::new(Backend::new(
                record.id.uuid(),
                record.index,
                runtime.clone(),
            )),
            runtime,
            meter: Meter::new(
                record.groups.clone(),
                &record.container(),
                record.runtime_pid,
            ),
        }
    }

    async fn watch(&mut self, mut running: Running) -> Option<Ending> {
        let mut orders = self.orders.clone();
        let mut tick = interval(health::EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let runtime = self.shared.runtime(&self.record.template.runtime);
        let mut health = Health::new(Patience::with(runtime.ok()));
        let mut last_good = Instant::now();
        let mut debugger = DebuggerPoll::default();
        loop {
            let examination = async {
                tick.tick().await;
                tokio::join!(
                    health::examine(&running.client, &running.runtime),
                    debugger.ask(&running.client),
                )
            };
            let (finding, status) = tokio::select! {
                biased;
                () = running.watched.ended() => return Some(self.crashed()),
                drain = told_to_stop(&mut orders) => {
                    self.stop(&running, drain?).await;
                    return Some(Ending::AsWanted);
                }
                found = examination => found,
            };
            if finding.alive && finding.app == App::Well {
                last_good = Instant::now();
            }
            match health.after(&finding) {
                Verdict::AsBefore => {}
                Verdict::TakeOut(why) => self.report(InstanceEvent::Unhealthy(why)),
                Verdict::PutBack => self.report(InstanceEvent::Recovered),
                Verdict::Dead => {
                    let silence = last_good.elapsed().as_secs();
                    return Some(self.gone(format!("did not answer for {silence} s")));
                }
            }
            if let Some(reason) = self.outgrown() {
                return Some(self.gone(reason));
            }
            self.report(InstanceEvent::Uses(running.meter.read()));
            if let Some(status) = status {
                self.report(InstanceEvent::Debugger(status));
            }
        }
    }

    /// What is said of an instance that has written more beside its bucket than it may.
    fn outgrown(&self) -> Option<String> {
        let limit = self.shared.config.run_folder_mib.saturating_mul(1 << 20);
        let uses = &self.shared.disk_uses;
        if uses.instance(self.record.id) > limit {
            let limit = words(limit);
            return Some(format!(
                "the files that it keeps beside its bucket grew beyond {limit}"
            ));
        }
        uses.defies(self.record.workload).then(|| {
            "its files went on growing although they are beyond what its plan allows".to_owned()
        })
    }

    fn doing(&self, state: InstanceState, what: &str) {
        self.report(InstanceEvent::Doing(state, what.to_owned()));
    }

    fn report(&self, event: InstanceEvent) {
        let id = self.record.id;
        // Nobody listens any more when the cell ends; the instance lives on.
        drop(self.reports.send(Report { id, event }));
    }
}

impl Running {
    /// What the ingress sends requests to.
    pub fn backend(&self) -> Arc<Backend> {
        self.backend.clone()
    }
}

/// Resolves when the instance is to end, with the time for its requests; with none when nobody is there to say so.
async fn told_to_stop(orders: &mut watch::Receiver<Order>) -> Option<Duration> {
    match orders
        .wait_for(|order| *order != Order::Run)
        .await
        .as_deref()
    {
        Ok(Order::Stop(drain)) => Some(*drain),
        Ok(Order::Run) | Err(_) => None,
    }
}
