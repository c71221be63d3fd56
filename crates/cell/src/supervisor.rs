//! Keeps every workload of this machine as wanted: one task for each.

mod check;
mod health;
mod instance;
mod logs;
mod ownership;
mod plan;
mod recipe;
mod report;
mod workload;

use crate::config::{Config, Runtime};
use crate::disk;
use crate::ingress::Table;
use crate::journal::Journal;
use crate::packages::Packages;
use crate::record::{InstanceRecord, Layout, WorkloadRecord};
use crate::sandbox::Sandbox;
use crate::uids::Uids;
use anyhow::Context;
use domain::ids::{EnvironmentId, InstanceId};
use engine::observation::{Info, LogLine, Observation};
use engine::workload::{Template, Workload};
use m2ee::client::Client;
use m2ee::message::Reply;
use rand::Rng;
use rand::distr::Alphanumeric;
use secrecy::SecretString;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;
use workload::{Ask, Keeper};

/// Asks that may wait at one workload's task.
const WAITING_ASKS: usize = 16;

/// Why a wanted state is not taken.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(String);

impl Refusal {
    /// A refusal with a sentence for people.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// What all tasks use.
pub struct Shared {
    /// What the cell was told.
    pub config: Config,
    /// Where things are.
    pub layout: Layout,
    /// The walls around instances.
    pub sandbox: Sandbox,
    /// Unpacked packages.
    pub packages: Packages,
    /// User ids.
    pub uids: Uids,
    /// Events.
    pub journal: Journal,
    /// What is routable.
    pub table: Table,
    channels: Mutex<BTreeMap<Uuid, Client>>,
}

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
        tracing::info!(sandbox = sandbox.name(), caveats = ?sandbox.caveats(), "instances are confined");
        let shared = Arc::new(Shared {
            packages: Packages::open(layout.path("packages"))?,
            uids: Uids::open(layout.path("uids.json"), config.first_uid)?,
            journal: Journal::open(&layout.path("events.jsonl"))?,
            channels: Mutex::new(BTreeMap::new()),
            config,
            layout,
            sandbox,
            table,
        });
        let workloads = shared
            .layout
            .workloads()
            .context("reading the wanted state")?;
        let mut found = shared.sort_out(&workloads).await?;
        let mut taken = Vec::new();
        for record in workloads {
            let instances = found
                .remove(&record.wanted.id.to_string())
                .unwrap_or_default();
            taken.push((record, instances));
        }
        // All before the first task: each may sweep away what nobody is known to need.
        for (record, instances) in &taken {
            let packages = record.packages(instances.iter().map(|instance| &instance.template));
            shared.packages.hold(record.wanted.id.uuid(), packages);
        }
        let mut held = BTreeMap::new();
        for (record, instances) in taken {
            held.insert(
                record.wanted.id.to_string(),
                hold(&shared, record, instances),
            );
        }
        Ok(Self {
            shared,
            workloads: tokio::sync::Mutex::new(held),
        })
    }

    /// What this engine is.
    pub fn info(&self, ingress: String) -> Info {
        Info {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sandbox: self.shared.sandbox.name().to_owned(),
            caveats: self.shared.sandbox.caveats(),
            ingress,
            zones: self.shared.config.zones.clone(),
            runtimes: self.shared.config.runtimes.keys().cloned().collect(),
        }
    }

    /// The events.
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// Makes `workload` the wanted state.
    pub async fn apply(&self, workload: Workload) -> Result<(), Refusal> {
        check::workload(&workload, &self.shared.config.runtimes)?;
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
        let record = WorkloadRecord {
            wanted: workload,
            serving: None,
            failed: None,
            moved: BTreeSet::new(),
            crashes: BTreeMap::new(),
            removing: false,
        };
        self.shared.save_workload(&record).map_err(|error| {
            Refusal::new(format!(
                "the wanted state cannot be written to disk: {error}"
            ))
        })?;
        workloads.insert(id, hold(&self.shared, record, Vec::new()));
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
        let client = self.shared.channels().get(&instance.uuid()).cloned()?;
        Some(client.call(action, params).await)
    }
}

fn hold(shared: &Arc<Shared>, record: WorkloadRecord, found: Vec<InstanceRecord>) -> Held {
    let (asks, inbox) = mpsc::channel(WAITING_ASKS);
    let observed = Keeper::spawn(shared.clone(), record, found, inbox);
    Held { asks, observed }
}

impl Held {
    fn observation(&self) -> Observation {
        let observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        observed.clone()
    }
}

impl Shared {
    /// How a runtime is started.
    pub fn runtime(&self, name: &str) -> anyhow::Result<&Runtime> {
        let runtime = self.config.runtimes.get(name);
        runtime.with_context(|| format!("the runtime {name} is not configured any more"))
    }

    fn save_workload(&self, record: &WorkloadRecord) -> std::io::Result<()> {
        disk::write_json(&self.layout.workload(record.wanted.id), record)
    }

    fn new_instance(
        &self,
        workload: EnvironmentId,
        index: u16,
        zone: String,
        template: Template,
    ) -> std::io::Result<InstanceRecord> {
        let password: String = rand::rng()
            .sample_iter(Alphanumeric)
            .take(32)
            .map(char::from)
            .collect();
        Ok(InstanceRecord {
            id: InstanceId::new(Uuid::new_v4()),
            workload,
            index,
            zone,
            template,
            uid: self.uids.of(workload)?,
            sandbox: self.sandbox.name().to_owned(),
            admin_password: SecretString::from(password),
            first: None,
            runtime_pid: None,
            groups: BTreeMap::new(),
            ready_at: None,
        })
    }

    async fn remove_instance(&self, record: &InstanceRecord) -> anyhow::Result<()> {
        self.sandbox
            .remove(&record.container(), record.first)
            .await?;
        disk::remove_dir(&self.layout.instance(record.id)).context("removing its folder")
    }

    async fn sweep_packages(&self) {
        if let Err(error) = self.packages.sweep().await {
            tracing::warn!(%error, "unpacked packages cannot be removed");
        }
    }

    fn open_channel(&self, id: InstanceId, client: Client) {
        self.channels().insert(id.uuid(), client);
    }

    fn close_channel(&self, id: InstanceId) {
        self.channels().remove(&id.uuid());
    }

    fn channels(&self) -> std::sync::MutexGuard<'_, BTreeMap<Uuid, Client>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds the instances of each workload; ends and removes those of none.
    async fn sort_out(
        &self,
        workloads: &[WorkloadRecord],
    ) -> anyhow::Result<BTreeMap<String, Vec<InstanceRecord>>> {
        let wanted: BTreeSet<String> = workloads.iter().map(|w| w.wanted.id.to_string()).collect();
        let mut found: BTreeMap<String, Vec<InstanceRecord>> = BTreeMap::new();
        let mut containers = BTreeSet::new();
        for (folder, record) in self.layout.instances()? {
            match record {
                Some(record) if wanted.contains(&record.workload.to_string()) => {
                    containers.insert(record.container());
                    found
                        .entry(record.workload.to_string())
                        .or_default()
                        .push(record);
                }
                Some(record) => self.remove_instance(&record).await?,
                None => {
                    let name = folder
                        .file_name()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned();
                    self.sandbox.remove(&format!("cell-{name}"), None).await?;
                    disk::remove_dir(&folder)?;
                }
            }
        }
        for container in self.sandbox.containers()? {
            if !containers.contains(&container) {
                tracing::warn!(container, "removing a container that belongs to nothing");
                self.sandbox.remove(&container, None).await?;
            }
        }
        Ok(found)
    }
}
