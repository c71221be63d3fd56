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
mod refusal;
mod report;
mod shared;
mod takeover;
mod workload;

use crate::config::Config;
use crate::ingress::table::Table;
use crate::journal::Journal;
use crate::layout::Layout;
use crate::record::WorkloadRecord;
use crate::room::memory;
use crate::sandbox::Sandbox;
use crate::stored::StoredWorkload;
use anyhow::Context;
use domain::ids::{EnvironmentId, InstanceId};
use engine::observation::{Info, LogLine, Observation};
use engine::usage::{Room, Usage};
use engine::workload::Workload;
use m2ee::message::Reply;
use refusal::Refusal;
use serde_json::Value;
use shared::Shared;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use takeover::Found;
use tokio::sync::{mpsc, oneshot};
use workload::{Ask, WorkloadTask};

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
    /// Reads what is wanted, takes over what runs, removes what nobody wants.
    pub async fn open(config: Config, table: Table) -> anyhow::Result<Self> {
        let layout = Layout::open(&config.data_dir)?;
        let sandbox = Sandbox::choose(config.sandbox, &config.data_dir).await?;
        tracing::info!(sandbox = sandbox.name(), unenforced = ?sandbox.unenforced(), "instances are confined");
        let shared = Arc::new(Shared::open(config, layout, sandbox, table)?);
        let found = takeover::find(&shared)
            .await
            .context("taking over what a former cell left")?;
        // All before the first task: each may sweep away what nobody is known to need.
        for found in &found {
            let record = &found.workload.record;
            let running = found.instances.iter().map(|instance| &instance.template);
            let packages = record.packages(running);
            shared.packages.hold(record.wanted.id.uuid(), packages);
        }
        let mut held = BTreeMap::new();
        for found in found {
            // It is there, whatever there is room for.
            let wanted = &found.workload.record.wanted;
            shared.memory.put(wanted.id, memory::needed(wanted));
            let id = found.workload.record.wanted.id.to_string();
            held.insert(id, hold(&shared, found));
        }
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
        let memory = &self.shared.memory;
        let before = memory.admit(&workload).map_err(Refusal::no_room)?;
        let id = workload.id;
        let taken = self.take_on(workload).await;
        if taken.is_err() {
            memory.put(id, before);
        }
        taken
    }

    async fn take_on(&self, workload: Workload) -> Result<(), Refusal> {
        let id = workload.id.to_string();
        let mut workloads = self.workloads.lock().await;
        if let Some(held) = workloads.get(&id) {
            let asks = held.asks.clone();
            drop(workloads);
            let (answer, answered) = oneshot::channel();
            let gone = || Refusal::new("the workload was just removed; apply it again");
            asks.send(Ask::Apply(Box::new(workload), answer))
                .await
                .map_err(|_| gone())?;
            return answered.await.map_err(|_| gone())?;
        }
        let record = WorkloadRecord::new(workload);
        self.shared.save_workload(&record).map_err(|error| {
            Refusal::new(format!(
                "the wanted state cannot be written to disk: {error}"
            ))
        })?;
        let new = Found {
            workload: StoredWorkload {
                record,
                unreadable: None,
            },
            instances: Vec::new(),
        };
        workloads.insert(id, hold(&self.shared, new));
        Ok(())
    }

    /// Takes a workload away; returns when nothing of it is left.
    pub async fn remove(&self, id: EnvironmentId) {
        let key = id.to_string();
        let Some(held) = self.workloads.lock().await.get(&key).cloned() else {
            return;
        };
        let (answer, answered) = oneshot::channel();
        if held.asks.send(Ask::Remove(answer)).await.is_ok() {
            drop(answered.await);
        }
        self.shared.memory.put(id, 0);
        self.shared.disk_uses.forget(id);
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
        let asked = workloads.values().map(|held| async {
            let (answer, answered) = oneshot::channel();
            if held.asks.send(Ask::Halt(answer)).await.is_ok() {
                drop(answered.await);
            }
        });
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

fn hold(shared: &Arc<Shared>, found: Found) -> Held {
    let (asks, inbox) = mpsc::channel(WAITING_ASKS);
    let observed = WorkloadTask::spawn(shared.clone(), found, inbox);
    Held { asks, observed }
}

impl Held {
    fn observation(&self) -> Observation {
        let observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        observed.clone()
    }
}
