//! Keeps every workload of this machine as wanted: one task for each.

mod check;
mod debugger;
mod health;
mod instance;
mod launch_spec;
mod logs;
mod measuring;
mod ownership;
mod plan;
pub mod refusal;
mod report;
mod shared;
mod takeover;
mod workload;

use crate::config::Config;
use crate::ingress::table::Table;
use crate::journal::Journal;
use crate::layout::Layout;
use crate::local_path;
use crate::record::WorkloadRecord;
use crate::room::memory;
use crate::sandbox::Sandbox;
use crate::stored::StoredWorkload;
use domain::ids::{EnvironmentId, InstanceId};
use engine::observation::{Info, LogLine, Observation};
use engine::usage::{Room, Usage};
use engine::workload::Workload;
use m2ee::message::Reply;
use refusal::Refusal;
use serde_json::Value;
use shared::Shared;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};
use takeover::{Everything, Found};
use tokio::sync::{mpsc, oneshot};
use workload::{Ask, kept};

/// Asks that may wait at one workload's task.
const WAITING_ASKS: usize = 16;

/// Everything that runs on this machine.
pub struct Supervisor {
    shared: Arc<Shared>,
    workloads: tokio::sync::Mutex<BTreeMap<String, Held>>,
}

#[derive(Clone)]
struct Held {
    asks: mpsc::Sender<Ask>,
    observed: Arc<Mutex<Observation>>,
}

impl Supervisor {
    /// Reads what is wanted and takes over what runs: all of it is routable then. What nobody wants is removed
    /// afterwards, beside everything else.
    pub async fn open(config: Config, table: Table) -> anyhow::Result<Self> {
        let layout = Layout::open(&config.data_dir)?;
        let mut found = takeover::find(&layout);
        let sandbox = sandbox(&config, &found).await?;
        tracing::info!(sandbox = sandbox.name(), unenforced = ?sandbox.unenforced(), "instances are confined");
        let in_use = user_ids(&found.workloads);
        let shared = Shared::open(config, layout, sandbox, table, in_use.into_iter())?;
        let shared = Arc::new(shared);
        shared.set_problem("sandbox", shared.sandbox.problem());
        let leftovers = found.leftovers(&shared);
        for problem in found.problems {
            tracing::error!("{problem}");
            shared.set_problem(&problem, Some(problem.clone()));
        }
        // All before the first task: each may sweep away what nobody is known to need.
        for found in &found.workloads {
            let record = &found.workload.record;
            let running = found.instances.iter().map(|instance| &instance.template);
            let packages = record.packages(running);
            shared.packages.hold(record.wanted.id.uuid(), packages);
        }
        let mut held = BTreeMap::new();
        let mut opened = Vec::new();
        for found in found.workloads {
            // It is there, whatever there is room for.
            let wanted = &found.workload.record.wanted;
            let running = found.instances.iter();
            let running = running.map(|it| u64::from(it.template.memory_mib)).sum();
            let promised = memory::needed(wanted).max(running);
            shared.memory.put(wanted.id, promised);
            let id = found.workload.record.wanted.id.to_string();
            let (new, known) = hold(&shared, found);
            held.insert(id, new);
            opened.push(known);
        }
        futures::future::join_all(opened).await;
        let cleaner = shared.clone();
        tokio::spawn(takeover::clean(cleaner, Arc::new(leftovers)));
        measuring::begin(&shared);
        Ok(Self {
            shared,
            workloads: tokio::sync::Mutex::new(held),
        })
    }

    /// What this engine is.
    pub fn info(&self, ingress: String) -> Info {
        Info {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            api_version: engine::API_VERSION,
            sandbox: self.shared.sandbox.name().to_owned(),
            unenforced: self.shared.sandbox.unenforced(),
            problems: self.shared.problems(),
            ingress,
            zones: self.shared.config.zones.clone(),
            runtimes: self.shared.config.runtimes.keys().cloned().collect(),
            room: Some(self.room()),
        }
    }

    /// What is left of this machine.
    pub fn room(&self) -> Room {
        let (memory_mib, memory_free_mib) = self.shared.memory.free();
        // A disk that does not say has none.
        let disk = self.shared.disk.free().ok();
        Room {
            memory_mib,
            memory_free_mib,
            disk_bytes: disk.map_or(0, |it| it.size),
            disk_free_bytes: disk.map_or(0, |it| it.bytes),
        }
    }

    /// What every environment takes of the disk.
    pub fn usage(&self) -> Usage {
        Usage {
            room: Some(self.room()),
            environments: self.shared.disk_uses.all(),
        }
    }

    /// The events.
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// Makes `workload` the wanted state.
    pub async fn apply(&self, workload: Workload) -> Result<(), Refusal> {
        check::workload(&workload, &self.shared.config.runtimes)?;
        let promise = self.shared.memory.admit(&workload);
        let promise = promise.map_err(Refusal::no_room)?;
        self.take_on(workload).await?;
        promise.keep();
        Ok(())
    }

    async fn take_on(&self, workload: Workload) -> Result<(), Refusal> {
        let id = workload.id.to_string();
        let mut workloads = self.workloads.lock().await;
        if let Some(held) = workloads.get(&id) {
            let asks = held.asks.clone();
            drop(workloads);
            let (answer, answered) = oneshot::channel();
            let gone = || Refusal::not_now("the workload was just removed, or its task has failed");
            asks.send(Ask::Apply(Box::new(workload), answer))
                .await
                .map_err(|_| gone())?;
            return answered.await.map_err(|_| gone())?;
        }
        let record = WorkloadRecord::new(workload);
        let saved = self.shared.save_workload(&record);
        saved.map_err(|error| Refusal::not_written(&error))?;
        let new = Found {
            workload: StoredWorkload {
                record,
                unreadable: None,
            },
            instances: Vec::new(),
        };
        let (held, known) = hold(&self.shared, new);
        workloads.insert(id, held);
        drop(workloads);
        // Known to the ingress and to readers before anybody hears that it was taken on.
        let _ = known.await;
        Ok(())
    }

    /// Takes a workload away; returns when nothing of it is left.
    pub async fn remove(&self, id: EnvironmentId) {
        let key = id.to_string();
        let Some(held) = self.workloads.lock().await.get(&key).cloned() else {
            self.shared.memory.put(id, 0);
            return;
        };
        held.answered(Ask::Remove).await;
        self.shared.memory.put(id, 0);
        self.shared.disk_uses.forget(id);
        self.shared.set_problem(&measuring::uncounted(id), None);
        let mut workloads = self.workloads.lock().await;
        if workloads
            .get(&key)
            .is_some_and(|now| now.asks.same_channel(&held.asks))
        {
            workloads.remove(&key);
        }
    }

    /// Ends every instance and keeps what is wanted.
    pub async fn halt(&self) {
        let workloads = self.workloads.lock().await.clone();
        let asked = workloads.values().map(|held| held.answered(Ask::Halt));
        futures::future::join_all(asked).await;
    }

    /// What is, for one workload.
    pub async fn observe(&self, id: EnvironmentId) -> Option<Observation> {
        let workloads = self.workloads.lock().await;
        workloads.get(&id.to_string()).map(Held::observation)
    }

    /// What is, for all workloads.
    pub async fn observe_all(&self) -> Vec<Observation> {
        let workloads = self.workloads.lock().await;
        workloads.values().map(Held::observation).collect()
    }

    /// The last log lines of a workload's instances.
    pub async fn logs(&self, id: EnvironmentId, tail: usize) -> Option<Vec<LogLine>> {
        let instances = self.observe(id).await?.instances;
        let shared = self.shared.clone();
        let read = move || logs::read(&shared.layout, id, &instances, tail);
        let read = tokio::task::spawn_blocking(read).await;
        Some(read.unwrap_or_default())
    }

    /// One call of a running instance's admin protocol; `None` when there is no such instance.
    pub async fn admin(
        &self,
        instance: InstanceId,
        action: &str,
        params: Value,
    ) -> Option<Result<Reply, m2ee::error::CallError>> {
        let client = self.shared.channel(instance)?;
        Some(client.call(action, params).await)
    }
}

/// The sandbox of this machine. Where none may be used any more, what runs already is served all the same.
async fn sandbox(config: &Config, found: &Everything) -> anyhow::Result<Sandbox> {
    let runs = found.workloads.iter().any(|it| !it.instances.is_empty());
    let sandbox = Sandbox::choose(config.sandbox, &config.data_dir).await;
    match sandbox.and_then(|it| check_limits(config, &it).map(|()| it)) {
        Err(error) if runs => Ok(Sandbox::nothing(format!("{error:#}"), &config.data_dir)),
        outcome => outcome,
    }
}

/// Refuses to serve others without limits.
fn check_limits(config: &Config, sandbox: &Sandbox) -> anyhow::Result<()> {
    anyhow::ensure!(
        sandbox.limits() || config.apps_addr.ip().is_loopback() || config.allow_unlimited,
        "APPS_ADDR: {} can be reached by others, and the sandbox {} does not limit what one app takes of the \
         machine: {}. Make control groups writable for runc as root, serve a localhost address such as \
         127.0.0.1:8080, or say CELL_ALLOW_UNLIMITED=true if all apps are trusted",
        config.apps_addr,
        sandbox.name(),
        sandbox.unenforced().join("; ")
    );
    Ok(())
}

/// The user ids that environments are known to have: by their instances, and by the owners of their files.
fn user_ids(found: &[Found]) -> Vec<(EnvironmentId, u32)> {
    let mut ids = Vec::new();
    for Found {
        workload,
        instances,
    } in found
    {
        let wanted = &workload.record.wanted;
        let bucket = wanted
            .template
            .as_ref()
            .map(|it| local_path::of(&it.bucket.url));
        let owned = bucket
            .and_then(Result::ok)
            .and_then(|path| path.symlink_metadata().ok());
        ids.extend(owned.map(|found| (wanted.id, found.uid())));
        ids.extend(instances.iter().map(|it| (wanted.id, it.uid)));
    }
    ids
}

fn hold(shared: &Arc<Shared>, found: Found) -> (Held, oneshot::Receiver<()>) {
    let (asks, inbox) = mpsc::channel(WAITING_ASKS);
    let (observed, known) = kept::keep(shared, found, inbox);
    (Held { asks, observed }, known)
}

impl Held {
    /// Asks until it is answered: a task that fails over it is started again, and asked again.
    async fn answered(&self, ask: impl Fn(oneshot::Sender<()>) -> Ask) {
        loop {
            let (answer, answered) = oneshot::channel();
            if self.asks.send(ask(answer)).await.is_err() || answered.await.is_ok() {
                return;
            }
        }
    }

    fn observation(&self) -> Observation {
        let observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        observed.clone()
    }
}

#[cfg(test)]
mod tests;
