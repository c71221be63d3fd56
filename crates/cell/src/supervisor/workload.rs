//! One workload's task: whatever happens, it looks at what is wanted and what is, and acts.

mod apply;
mod held;
pub mod kept;
mod live;
mod on_event;
mod show;
mod state;
mod unreadable;

use self::held::Held;
use self::live::Live;
use super::instance::{self, InstanceTask};
use super::launch_spec;
use super::plan::{Of, Step};
use super::refusal::Refusal;
use super::report::{InstanceEvent, Order, Report};
use super::shared::Shared;
use super::takeover::Found;
use crate::database_socket::DatabaseSocket;
use crate::disk;
use crate::record::{self, InstanceRecord, WorkloadRecord};
use crate::room::memory;
use crate::stored::{StoredWorkload, Unreadable};
use domain::ids::InstanceId;
use domain::states::InstanceState;
use engine::observation::{EventKind, Observation, Rollout};
use engine::workload::Workload;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often a workload is looked at even if nothing seems to happen.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Failures of an index with what was asked for before the change counts as failed.
const TRIES: u32 = 2;

/// What a workload's task is asked.
pub enum Ask {
    /// Make this the wanted state.
    Apply(Box<Workload>, oneshot::Sender<Result<(), Refusal>>),
    /// End everything and forget the workload; answered when nothing of it is left.
    Remove(oneshot::Sender<()>),
    /// End everything, keep what is wanted; answered when nothing runs.
    Halt(oneshot::Sender<()>),
    /// Panic.
    #[cfg(test)]
    Fail,
}

/// The task of one workload.
pub struct WorkloadTask {
    shared: Arc<Shared>,
    record: WorkloadRecord,
    /// Why what is wanted is not known; until it is told again, what runs is left alone.
    unreadable: Option<Unreadable>,
    wanted_hash: Option<String>,
    serving_hash: Option<String>,
    live: Vec<Live>,
    tries: BTreeMap<u16, u32>,
    held: Held,
    /// Instances that ended and are not removed yet.
    leftovers: BTreeSet<InstanceId>,
    database: Option<DatabaseSocket>,
    reports: mpsc::UnboundedSender<Report>,
    observed: Arc<Mutex<Observation>>,
    converged: bool,
    halted: bool,
    waiting: Vec<oneshot::Sender<()>>,
}

impl WorkloadTask {
    /// The task of a workload, with what a former cell left of it: known to the ingress and to readers already.
    fn open(
        shared: Arc<Shared>,
        found: Found,
        observed: Arc<Mutex<Observation>>,
    ) -> (Self, mpsc::UnboundedReceiver<Report>) {
        let StoredWorkload { record, unreadable } = found.workload;
        let instances = found.instances;
        let (reports, inbox) = mpsc::unbounded_channel();
        let mut task = Self {
            shared,
            wanted_hash: None,
            serving_hash: None,
            live: Vec::new(),
            tries: BTreeMap::new(),
            database: None,
            held: Held::stored(&record.crashes, OffsetDateTime::now_utc(), Instant::now()),
            leftovers: BTreeSet::new(),
            reports,
            observed,
            converged: !instances.is_empty(),
            halted: false,
            waiting: Vec::new(),
            record,
            unreadable,
        };
        task.note_hashes();
        task.say_unreadable();
        for instance in instances {
            task.resume(instance);
        }
        task.open_database();
        task.route();
        task.publish();
        (task, inbox)
    }

    async fn keep(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Report>,
        asks: &mut mpsc::Receiver<Ask>,
    ) {
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.act();
            if self.record.removing && self.is_empty() {
                match self.forget().await {
                    Ok(()) => break,
                    Err(error) => tracing::error!(%error, "a workload cannot be removed yet"),
                }
            }
            if self.halted && self.is_empty() {
                self.answer_waiting();
            }
            tokio::select! {
                Some(report) = inbox.recv() => self.on_event(report),
                ask = asks.recv() => match ask {
                    Some(ask) => self.take(ask),
                    None => break,
                },
                _ = tick.tick() => {}
            }
            // Everything that has happened by now counts before anything is done about it.
            while let Ok(report) = inbox.try_recv() {
                self.on_event(report);
            }
        }
        self.answer_waiting();
    }

    /// Whether nothing is left of any instance.
    fn is_empty(&self) -> bool {
        self.live.is_empty() && self.leftovers.is_empty()
    }

    fn take(&mut self, ask: Ask) {
        match ask {
            #[cfg(test)]
            Ask::Fail => panic!("as it was told"),
            Ask::Apply(workload, answer) => {
                let outcome = self.apply(*workload);
                // Whoever asks what is after the answer sees what follows from it.
                self.act();
                drop(answer.send(outcome));
            }
            Ask::Remove(answer) => {
                self.record.removing = true;
                self.save();
                self.waiting.push(answer);
            }
            Ask::Halt(answer) => {
                self.halted = true;
                self.waiting.push(answer);
            }
        }
    }

    fn note_hashes(&mut self) {
        self.wanted_hash = self
            .record
            .wanted
            .template
            .as_ref()
            .map(record::template_hash);
        self.serving_hash = self.record.serving.as_ref().map(record::template_hash);
    }

    fn open_database(&mut self) {
        let running = self.live.first().map(|live| &live.record.template);
        let Some(template) = self.record.wanted.template.as_ref().or(running) else {
            return;
        };
        let database = &template.database;
        let open = self.database.as_ref();
        if database.host.is_empty()
            || launch_spec::has_unix_socket(template)
            || open.is_some_and(|open| open.leads_to(&database.host, database.port))
        {
            return;
        }
        let folder = self.shared.layout.database(self.record.wanted.id);
        match DatabaseSocket::open(&folder, &database.host, database.port) {
            Ok(socket) => self.database = Some(socket),
            Err(error) => tracing::error!(%error, "the database's socket cannot be made"),
        }
    }

    fn resume(&mut self, instance: InstanceRecord) {
        let id = instance.id;
        let (orders, receiver) = watch::channel(Order::Run);
        let mut task = self.instance_task(instance.clone(), receiver);
        self.live.push(Live::new(instance, orders));
        let found = task.take_over();
        if let Ok(Some(running)) = &found {
            let event = InstanceEvent::Adopted(running.backend());
            self.on_event(Report { id, event });
        }
        task.resume(found);
    }

    fn instance_task(
        &self,
        record: InstanceRecord,
        orders: watch::Receiver<Order>,
    ) -> InstanceTask {
        InstanceTask {
            shared: self.shared.clone(),
            record,
            orders,
            reports: self.reports.clone(),
            ready: None,
        }
    }

    fn act(&mut self) {
        let steps = if self.is_left_alone() {
            Vec::new()
        } else {
            self.situation().steps()
        };
        let drain = Duration::from_secs(u64::from(self.record.wanted.drain_seconds));
        let mut stopping = Vec::new();
        for step in steps {
            match step {
                Step::Start { index, of } => self.start(index, of),
                Step::Stop(id) => {
                    if let Some(live) = self.live.iter_mut().find(|live| live.record.id == id) {
                        live.enter(InstanceState::Draining, "Finishing its requests");
                        stopping.push(live.orders.clone());
                    }
                }
            }
        }
        // Out of the ingress first, then told to finish.
        self.route();
        for orders in stopping {
            orders.send_replace(Order::Stop(drain));
        }
        self.converge();
        self.publish();
    }

    fn start(&mut self, index: u16, of: Of) {
        let template = match of {
            Of::Wanted => self.record.wanted.template.clone(),
            Of::Serving | Of::Older => self.record.serving.clone(),
        };
        let Some(template) = template else { return };
        let workload = self.record.wanted.id;
        let zone = self.zone(index);
        let label = template.package.label.clone();
        let instance = match self.shared.new_instance(workload, index, zone, template) {
            Ok(instance) => instance,
            Err(error) => {
                tracing::error!(%error, "no user id can be given out");
                return;
            }
        };
        if let Some(crashes) = self.record.crashes.get_mut(&index) {
            crashes.instance = None;
        }
        let message = format!("Instance {index} is being started with {label}");
        self.shared
            .journal
            .record(workload, Some(index), EventKind::Starting, message);
        let (orders, receiver) = watch::channel(Order::Run);
        let task = self.instance_task(instance.clone(), receiver);
        self.live.push(Live::new(instance, orders));
        self.hold_packages();
        task.begin();
    }

    fn converge(&mut self) {
        let converged = self.situation().rollout() == Some(Rollout::Converged)
            && !self.halted
            && self.unreadable.is_none();
        // What serves still counts until the wanted does; whoever asked for that may have gone away.
        let (memory, wanted) = (&self.shared.memory, &self.record.wanted);
        if !converged {
            memory.put_at_least(wanted.id, memory::needed(wanted));
        } else if !self.converged {
            memory.put(wanted.id, memory::needed(wanted));
        }
        if converged && !self.converged && !self.record.removing {
            let wanted = &self.record.wanted;
            if wanted.instances > 0 && wanted.template.is_some() {
                self.record.serving.clone_from(&wanted.template);
                self.serving_hash.clone_from(&self.wanted_hash);
            }
            self.record.failed = None;
            self.tries.clear();
            let (id, instances) = (wanted.id, wanted.instances);
            self.save();
            self.hold_packages();
            let shared = self.shared.clone();
            tokio::spawn(async move { shared.sweep_packages().await });
            let message = match instances {
                0 => "Nothing runs, as wanted".to_owned(),
                1 => "1 instance runs, as wanted".to_owned(),
                more => format!("{more} instances run, as wanted"),
            };
            self.shared
                .journal
                .record(id, None, EventKind::Converged, message);
        }
        self.converged = converged;
    }

    fn hold_packages(&self) {
        let running = self.live.iter().map(|live| &live.record.template);
        let packages = self.record.packages(running);
        self.shared
            .packages
            .hold(self.record.wanted.id.uuid(), packages);
    }

    async fn forget(&mut self) -> std::io::Result<()> {
        let id = self.record.wanted.id;
        self.database = None;
        self.shared.packages.hold(id.uuid(), BTreeSet::new());
        self.shared.sweep_packages().await;
        self.shared.table.remove(id.uuid());
        disk::remove_dir(&self.shared.layout.database(id))?;
        disk::remove_dir(&self.shared.layout.last_words_of_all(id))?;
        self.shared.uids.forget(id)?;
        self.shared.set_problem(&id.to_string(), None);
        self.shared.forget_failures(&kept::name(id));
        self.shared.forget_failures(&instance::name(id));
        disk::remove_file(&self.shared.layout.unreadable_workload(id))?;
        disk::remove_file(&self.shared.layout.workload(id))
    }

    fn answer_waiting(&mut self) {
        for answer in self.waiting.drain(..) {
            let _ = answer.send(());
        }
    }

    fn save(&self) {
        // The file of another form stays as it is until something better takes its place.
        if self.unreadable.is_some() {
            return;
        }
        if let Err(error) = self.shared.save_workload(&self.record) {
            tracing::error!(%error, "what is known of a workload cannot be written to disk");
        }
    }
}
