//! The life of one instance: brought up, watched, ended; one task for each.

mod ending;

use super::debugger::DebuggerPoll;
use super::health::{self, App, Health, Patience, Verdict};
use super::report::{Ending, InstanceEvent, Order, Report};
use super::shared::Shared;
use super::{launch_spec, ownership};
use crate::disk;
use crate::ingress::backend::Backend;
use crate::local_path;
use crate::process::{self, Watched};
use crate::record::InstanceRecord;
use crate::shared_folder;
use crate::usage::{self, Meter};
use crate::watched_task;
use anyhow::Context;
use domain::disk::words;
use domain::states::InstanceState;
use m2ee::client::Client;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

/// Between two looks for something that appears soon.
const SOON: Duration = Duration::from_millis(20);
/// Between the two answers that make an instance ready.
const READY_PAUSE: Duration = Duration::from_millis(100);
/// Requests that chose an instance just before it was taken out get counted within this.
const LATECOMERS: Duration = Duration::from_millis(50);

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
        let of = format!("an instance of the workload {}", self.record.workload);
        self.shared.note_failure(&of, why);
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

    async fn come_up(&mut self) -> anyhow::Result<Running> {
        let watched = self.make().await?;
        self.bring_up(watched).await
    }

    async fn make(&mut self) -> anyhow::Result<Watched> {
        let shared = self.shared.clone();
        let runtime = shared.runtime(&self.record.template.runtime)?;
        self.doing(InstanceState::Starting, "Unpacking the package");
        let package = shared
            .packages
            .unpacked(&self.record.template.package)
            .await?;
        self.doing(InstanceState::Starting, "Making the sandbox");
        disk::aside(|| self.prepare())?;
        let spec = launch_spec::sandbox_spec(&shared.layout, &self.record, runtime, &package)?;
        let first = shared.sandbox.start(&spec).await?;
        self.record.first = Some(first);
        self.record.groups = usage::groups_of(first.pid);
        shared.layout.save(&self.record)?;
        Watched::open(first)?.with_context(|| self.how_it_ended())
    }

    async fn bring_up(&mut self, watched: Watched) -> anyhow::Result<Running> {
        let outcome = tokio::select! {
            biased;
            outcome = self.start_runtime() => outcome.map_err(Some),
            () = watched.ended() => Err(None),
        };
        let (client, runtime) = match outcome {
            Ok(reached) => reached,
            Err(error) => {
                // An end explains a call that failed; it is seen a moment later.
                let ended = timeout(LATECOMERS, watched.ended()).await.is_ok();
                return Err(match error {
                    Some(error) if !ended => error,
                    Some(error) => error.context(self.how_it_ended()),
                    None => anyhow::anyhow!(self.how_it_ended()),
                });
            }
        };
        self.record.ready_at = Some(OffsetDateTime::now_utc());
        self.shared.layout.save(&self.record)?;
        Ok(self.running(watched, Duration::ZERO, client, runtime))
    }

    fn prepare(&self) -> anyhow::Result<()> {
        let Self { shared, record, .. } = self;
        let owner = shared.sandbox.owner(record.uid);
        disk::private_dir(&shared.layout.instance(record.id))?;
        shared.layout.save(record)?;
        ownership::make(&shared.layout.run(record.id), owner)?;
        let bucket = local_path::of(&record.template.bucket.url)?;
        ownership::hand_over(&bucket, owner)
            .with_context(|| format!("the bucket {} cannot be used", bucket.display()))
    }

    async fn start_runtime(&mut self) -> anyhow::Result<(Client, PathBuf)> {
        let shared = self.shared.clone();
        let runtime = shared.runtime(&self.record.template.runtime)?;
        self.doing(InstanceState::Starting, "Waiting for the runtime");
        let config = launch_spec::start_config(&self.record, runtime);
        let admin = self.socket(launch_spec::ADMIN, config.alive_within).await?;
        self.note_runtime_pid()?;
        let client = Client::unix(admin, self.record.admin_password.clone());
        m2ee::start::run(&client, &config, |phase| {
            self.doing(InstanceState::Starting, phase);
        })
        .await?;
        self.doing(InstanceState::Checking, "Waiting for two good answers");
        let within = Duration::from_secs(shared.config.ready_within_seconds);
        let deadline = Instant::now() + within;
        let runtime = self.socket(launch_spec::RUNTIME, within).await?;
        let mut good = 0;
        loop {
            let answer = health::ask(&runtime).await;
            good = if answer == App::Well { good + 1 } else { 0 };
            if good == 2 {
                return Ok((client, runtime));
            }
            if let Some(complaint) = answer.complaint() {
                self.doing(InstanceState::Checking, &complaint);
                anyhow::ensure!(
                    Instant::now() < deadline,
                    "{complaint}; it had {} s to become ready",
                    within.as_secs()
                );
            }
            sleep(READY_PAUSE).await;
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
            meter: Meter::new(record.groups.clone(), record.runtime_pid),
        }
    }

    /// Waits until the instance has made a socket, and takes it.
    async fn socket(&self, name: &str, within: Duration) -> anyhow::Result<PathBuf> {
        let run = self.shared.layout.run(self.record.id);
        let private = self.shared.layout.socket(self.record.id, name);
        let deadline = Instant::now() + within;
        loop {
            match shared_folder::take_socket(&run, name, &private) {
                Ok(()) => return Ok(private),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).context("the runtime's socket cannot be used"),
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "the runtime did not open its socket {name} within {} s",
                within.as_secs()
            );
            sleep(SOON).await;
        }
    }

    fn note_runtime_pid(&mut self) -> anyhow::Result<()> {
        let first = self.record.first.map(|first| first.pid);
        self.record.runtime_pid = first.and_then(process::first_child).or(first);
        self.shared.layout.save(&self.record)?;
        self.report(InstanceEvent::Runs(Box::new(self.record.clone())));
        Ok(())
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
