//! One workload's task: whatever happens, it looks at what is wanted and what is, and acts.

use super::instance::{Ending, Life, News, Order, Report};
use super::plan::{Of, Seen, Situation, Step};
use super::{Refusal, Shared, recipe};
use crate::crash_policy::{self, Next};
use crate::database_socket::DatabaseSocket;
use crate::disk;
use crate::ingress::{Backend, Route, Unserved};
use crate::record::{self, Failure, InstanceRecord, WorkloadRecord};
use crate::usage::Usage;
use domain::states::InstanceState;
use engine::observation::{Crash, EventKind, Instance, Observation, Rollout};
use engine::workload::{Template, Workload};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval};

/// How often a workload is looked at even if nothing seems to happen.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Tries of an instance of a new template before its roll-out counts as failed.
const TRIES: u32 = 2;

/// What a workload's task is asked.
pub enum Ask {
    /// Make this the wanted state.
    Apply(Box<Workload>, oneshot::Sender<Result<(), Refusal>>),
    /// End everything and forget the workload; answered when nothing of it is left.
    Remove(oneshot::Sender<()>),
    /// End everything, keep what is wanted; answered when nothing runs.
    Halt(oneshot::Sender<()>),
}

/// The task of one workload.
pub struct Keeper {
    shared: Arc<Shared>,
    record: WorkloadRecord,
    wanted_print: Option<String>,
    serving_print: Option<String>,
    live: Vec<Live>,
    fallen: BTreeMap<u16, Fallen>,
    tries: BTreeMap<u16, u32>,
    database: Option<DatabaseSocket>,
    reports: mpsc::UnboundedSender<Report>,
    observed: Arc<Mutex<Observation>>,
    settled: bool,
    halted: bool,
    waiting: Vec<oneshot::Sender<()>>,
}

struct Live {
    record: InstanceRecord,
    print: String,
    state: InstanceState,
    detail: String,
    since: OffsetDateTime,
    backend: Option<Arc<Backend>>,
    usage: Usage,
    orders: watch::Sender<Order>,
}

/// The last instance of an index that has none.
struct Fallen {
    record: InstanceRecord,
    print: String,
    since: OffsetDateTime,
}

impl Keeper {
    /// The task of a workload; `found` are its instances that a former cell left behind.
    pub fn spawn(
        shared: Arc<Shared>,
        record: WorkloadRecord,
        found: Vec<InstanceRecord>,
        asks: mpsc::Receiver<Ask>,
    ) -> Arc<Mutex<Observation>> {
        let (reports, inbox) = mpsc::unbounded_channel();
        let observed = Arc::new(Mutex::new(Observation {
            id: record.wanted.id,
            revision: record.wanted.revision,
            instances: Vec::new(),
            rollout: Rollout::Settled,
            observed_at: OffsetDateTime::now_utc(),
        }));
        let mut keeper = Self {
            shared,
            wanted_print: None,
            serving_print: None,
            live: Vec::new(),
            fallen: BTreeMap::new(),
            tries: BTreeMap::new(),
            database: None,
            reports,
            observed: observed.clone(),
            settled: !found.is_empty(),
            halted: false,
            waiting: Vec::new(),
            record,
        };
        keeper.note_prints();
        keeper.open_database();
        for instance in found {
            keeper.resume(instance);
        }
        // Known to the ingress and to readers before anybody hears that it was taken on.
        keeper.route();
        keeper.publish();
        tokio::spawn(keeper.keep(inbox, asks));
        observed
    }

    async fn keep(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Report>,
        mut asks: mpsc::Receiver<Ask>,
    ) {
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.act();
            if self.record.removing && self.live.is_empty() {
                match self.forget().await {
                    Ok(()) => break,
                    Err(error) => tracing::error!(%error, "a workload cannot be removed yet"),
                }
            }
            if self.halted && self.live.is_empty() {
                self.answer_waiting();
            }
            tokio::select! {
                Some(report) = inbox.recv() => self.hear(report),
                ask = asks.recv() => match ask {
                    Some(ask) => self.take(ask),
                    None => break,
                },
                _ = tick.tick() => {}
            }
            // Everything that has happened by now counts before anything is done about it.
            while let Ok(report) = inbox.try_recv() {
                self.hear(report);
            }
        }
        self.answer_waiting();
    }

    fn take(&mut self, ask: Ask) {
        match ask {
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

    fn apply(&mut self, workload: Workload) -> Result<(), Refusal> {
        if self.record.removing {
            return Err(Refusal::new(
                "the workload is being removed; apply it again afterwards",
            ));
        }
        let has = self.record.wanted.revision;
        if workload.revision < has {
            return Err(Refusal::new(format!(
                "revision {} is older than revision {has}, which the engine has",
                workload.revision
            )));
        }
        if workload.revision == has {
            return if record::same(&workload, &self.record.wanted) {
                Ok(())
            } else {
                Err(Refusal::new(format!(
                    "revision {has} is known with another content; give the change a higher one"
                )))
            };
        }
        let mut next = self.record.clone();
        next.failed = None;
        let print = workload.template.as_ref().map(record::fingerprint);
        if print != self.wanted_print {
            next.moved.clear();
        }
        // A person acts: what had to wait or was given up is tried again.
        for crashes in next.crashes.values_mut() {
            crashes.count = 0;
            crashes.not_before = None;
        }
        next.wanted = workload;
        self.shared.save_workload(&next).map_err(|error| {
            Refusal::new(format!(
                "the wanted state cannot be written to disk: {error}"
            ))
        })?;
        self.record = next;
        self.tries.clear();
        self.settled = false;
        self.note_prints();
        self.open_database();
        Ok(())
    }

    fn note_prints(&mut self) {
        self.wanted_print = self
            .record
            .wanted
            .template
            .as_ref()
            .map(record::fingerprint);
        self.serving_print = self.record.serving.as_ref().map(record::fingerprint);
    }

    fn open_database(&mut self) {
        let Some(template) = &self.record.wanted.template else {
            return;
        };
        let database = &template.database;
        let open = self.database.as_ref();
        if recipe::has_unix_socket(template)
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
        let (orders, receiver) = watch::channel(Order::Run);
        let life = Life {
            shared: self.shared.clone(),
            record: instance.clone(),
            orders: receiver,
            reports: self.reports.clone(),
        };
        tokio::spawn(life.resume());
        self.live.push(Live::new(instance, orders));
    }

    fn hear(&mut self, Report { id, news }: Report) {
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

    fn act(&mut self) {
        let situation = self.situation();
        let drain = Duration::from_secs(u64::from(self.record.wanted.drain_seconds));
        let mut stopping = Vec::new();
        for step in situation.steps() {
            match step {
                Step::Start { index, of } => self.start(index, of),
                Step::Stop(id) => {
                    if let Some(live) = self.live.iter_mut().find(|live| live.record.id == id) {
                        live.enter(InstanceState::Draining, "Finishing its requests".to_owned());
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
        self.settle();
        self.publish();
    }

    fn situation(&self) -> Situation {
        let now = OffsetDateTime::now_utc();
        let wanted = &self.record.wanted;
        let ends = self.halted || self.record.removing || wanted.template.is_none();
        let crashes = self.record.crashes.iter();
        let held_back = crashes
            .filter(|(_, crashes)| crashes.not_before.is_some_and(|at| at > now))
            .map(|(index, _)| *index);
        let seen = self.live.iter().map(|live| Seen {
            id: live.record.id,
            index: live.record.index,
            of: self.of(&live.print),
            state: live.state,
        });
        Situation {
            wanted: if ends { 0 } else { wanted.instances },
            same: self.wanted_print == self.serving_print,
            has_serving: self.record.serving.is_some(),
            failed: self.record.failed.is_some(),
            moved: self.record.moved.clone(),
            held_back: held_back.collect(),
            seen: seen.collect(),
        }
    }

    fn of(&self, print: &String) -> Of {
        if Some(print) == self.wanted_print.as_ref() {
            Of::Wanted
        } else if Some(print) == self.serving_print.as_ref() {
            Of::Serving
        } else {
            Of::Older
        }
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
        self.fallen.remove(&index);
        let message = format!("Instance {index} is being started with {label}");
        self.shared
            .journal
            .record(workload, Some(index), EventKind::Starting, message);
        let (orders, receiver) = watch::channel(Order::Run);
        let life = Life {
            shared: self.shared.clone(),
            record: instance.clone(),
            orders: receiver,
            reports: self.reports.clone(),
        };
        self.live.push(Live::new(instance, orders));
        self.hold_packages();
        tokio::spawn(life.begin());
    }

    /// The zone with the fewest instances; of equal ones the first.
    fn zone(&self, index: u16) -> String {
        let zones = &self.shared.config.zones;
        let count = |zone: &&String| {
            let live = self.live.iter();
            live.filter(|live| &live.record.zone == *zone && live.record.index != index)
                .filter(|live| live.state != InstanceState::Draining)
                .count()
        };
        zones.iter().min_by_key(count).cloned().unwrap_or_default()
    }

    fn route(&self) {
        if self.record.removing {
            self.shared.table.remove(self.record.wanted.id.uuid());
            return;
        }
        let wanted = &self.record.wanted;
        let ready = self
            .live
            .iter()
            .filter(|live| live.state == InstanceState::Ready);
        let backends: Vec<Arc<Backend>> = ready.filter_map(|live| live.backend.clone()).collect();
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

    fn settle(&mut self) {
        let settled = self.situation().rollout() == Some(Rollout::Settled) && !self.halted;
        if settled && !self.settled && !self.record.removing {
            let wanted = &self.record.wanted;
            if wanted.instances > 0 && wanted.template.is_some() {
                self.record.serving.clone_from(&wanted.template);
                self.serving_print.clone_from(&self.wanted_print);
            }
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
                .record(id, None, EventKind::Settled, message);
        }
        self.settled = settled;
    }

    fn hold_packages(&self) {
        let wanted = self.record.wanted.template.iter();
        let templates = wanted.chain(&self.record.serving);
        let running = self.live.iter().map(|live| &live.record.template);
        let packages: BTreeSet<String> = templates
            .chain(running)
            .map(|template: &Template| template.package.sha256.clone())
            .collect();
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
        self.shared.uids.forget(id)?;
        disk::remove_file(&self.shared.layout.workload(id))
    }

    fn answer_waiting(&mut self) {
        for answer in self.waiting.drain(..) {
            let _ = answer.send(());
        }
    }

    fn save(&self) {
        if let Err(error) = self.shared.save_workload(&self.record) {
            tracing::error!(%error, "what is known of a workload cannot be written to disk");
        }
    }

    fn publish(&self) {
        let failed = self.record.failed.as_ref().map(|failure| Rollout::Failed {
            reason: failure.reason.clone(),
            log: failure.log.clone(),
        });
        let rollout = failed.or_else(|| self.situation().rollout());
        let mut instances: Vec<Instance> = self.live.iter().map(|live| self.show(live)).collect();
        let wanted = self.record.wanted.instances;
        let gaps = self.fallen.values().filter(|fallen| {
            let index = fallen.record.index;
            index < wanted && !self.live.iter().any(|live| live.record.index == index)
        });
        instances.extend(gaps.map(|fallen| self.show_fallen(fallen)));
        instances.sort_by_key(|instance| (instance.index, instance.since));
        let observation = Observation {
            id: self.record.wanted.id,
            revision: self.record.wanted.revision,
            instances,
            rollout: rollout.unwrap_or(Rollout::Settled),
            observed_at: OffsetDateTime::now_utc(),
        };
        *self.observed.lock().unwrap_or_else(PoisonError::into_inner) = observation;
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
            current: Some(&live.print) == self.wanted_print.as_ref(),
            package: record.template.package.label.clone(),
            pid: record.runtime_pid,
            since: live.since,
            memory_bytes: live.usage.memory_bytes,
            memory_limit_bytes: u64::from(record.template.memory_mib) << 20,
            cpu_milli: live.usage.cpu_milli,
            restarts: crashes.map_or(0, |crashes| crashes.count),
            last_crash: crashes.and_then(|crashes| crashes.last.clone()),
        }
    }

    fn show_fallen(&self, fallen: &Fallen) -> Instance {
        let index = fallen.record.index;
        let crashes = self.record.crashes.get(&index).cloned().unwrap_or_default();
        let wait = crashes
            .not_before
            .map(|at| (at - OffsetDateTime::now_utc()).whole_seconds());
        let detail = match wait {
            Some(_) if crash_policy::next(crashes.count) == Next::Never => {
                "Crashed too often; it is started again after the next change".to_owned()
            }
            Some(seconds @ 1..) => format!("Starts again in {seconds} s"),
            _ => String::new(),
        };
        Instance {
            id: fallen.record.id,
            index,
            zone: fallen.record.zone.clone(),
            state: InstanceState::Crashed,
            detail,
            current: Some(&fallen.print) == self.wanted_print.as_ref(),
            package: fallen.record.template.package.label.clone(),
            pid: None,
            since: fallen.since,
            memory_bytes: None,
            memory_limit_bytes: u64::from(fallen.record.template.memory_mib) << 20,
            cpu_milli: None,
            restarts: crashes.count,
            last_crash: crashes.last,
        }
    }
}

impl Live {
    fn new(record: InstanceRecord, orders: watch::Sender<Order>) -> Self {
        Self {
            print: record::fingerprint(&record.template),
            state: InstanceState::Starting,
            detail: String::new(),
            since: OffsetDateTime::now_utc(),
            backend: None,
            usage: Usage::default(),
            record,
            orders,
        }
    }

    fn enter(&mut self, state: InstanceState, detail: String) {
        if self.state != state {
            self.since = OffsetDateTime::now_utc();
            self.state = state;
        }
        self.detail = detail;
    }

    fn serve(&mut self, backend: Arc<Backend>) {
        self.backend = Some(backend);
        // Told to end in the meantime, it does not come back.
        if self.state != InstanceState::Draining {
            self.enter(InstanceState::Ready, String::new());
        }
    }
}
