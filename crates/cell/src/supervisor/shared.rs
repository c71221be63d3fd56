//! What the tasks of all workloads use together.

use crate::config::{Config, Runtime};
use crate::disk;
use crate::disk_uses::DiskUses;
use crate::ingress::table::Table;
use crate::journal::Journal;
use crate::layout::Layout;
use crate::packages::Packages;
use crate::record::{InstanceRecord, VERSION, WorkloadRecord};
use crate::room::disk::DiskRoom;
use crate::room::memory::MemoryRoom;
use crate::sandbox::Sandbox;
use crate::uids::Uids;
use crate::words;
use anyhow::Context;
use domain::ids::{EnvironmentId, InstanceId};
use engine::workload::Template;
use m2ee::client::Client;
use rand::Rng;
use rand::distr::Alphanumeric;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A task that has not failed for so long is as good as one that never did.
const FAILURES_COUNT_FOR: Duration = Duration::from_hours(1);

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
    /// The disk.
    pub disk: DiskRoom,
    /// What instances may be promised.
    pub memory: MemoryRoom,
    /// What environments take of the disk.
    pub disk_uses: DiskUses,
    channels: Mutex<BTreeMap<Uuid, Client>>,
    problems: Mutex<BTreeMap<String, String>>,
    /// How often tasks failed, and when last.
    failures: Mutex<BTreeMap<String, (u32, Instant)>>,
}

impl Shared {
    /// What the tasks of a cell use that was told `config`.
    pub fn open(
        config: Config,
        layout: Layout,
        sandbox: Sandbox,
        table: Table,
        in_use: impl Iterator<Item = (EnvironmentId, u32)>,
    ) -> anyhow::Result<Self> {
        let reserve = config
            .disk_reserve_mib
            .map(|mib| mib.saturating_mul(1 << 20));
        let disk = DiskRoom::new(layout.path(""), reserve);
        let (uids, problem) = Uids::open(layout.path("uids.json"), config.first_uid, in_use);
        let problems = problem.map(|problem| ("uids.json".to_owned(), problem));
        Ok(Self {
            packages: Packages::open(layout.path("packages"), disk.clone())?,
            disk,
            memory: MemoryRoom::new(config.promisable_mib()),
            disk_uses: DiskUses::default(),
            uids,
            journal: Journal::open(&layout.path("events.jsonl")),
            channels: Mutex::default(),
            problems: Mutex::new(problems.into_iter().collect()),
            failures: Mutex::default(),
            config,
            layout,
            sandbox,
            table,
        })
    }

    /// What an operator should look at.
    pub fn problems(&self) -> Vec<String> {
        self.forget_old_failures(Instant::now());
        let problems = lock(&self.problems).values().cloned().collect::<Vec<_>>();
        problems.into_iter().chain(self.journal.problem()).collect()
    }

    /// Says what is the matter with something; none when nothing is any more.
    pub fn set_problem(&self, with: &str, problem: Option<String>) {
        let mut problems = lock(&self.problems);
        match problem {
            Some(problem) => problems.insert(with.to_owned(), words::reason(&problem)),
            None => problems.remove(with),
        };
    }

    /// Notes that the engine's own task for something has failed; gives how often that was.
    pub fn note_failure(&self, of: &str, why: &str) -> u32 {
        let now = Instant::now();
        self.forget_old_failures(now);
        let mut failures = lock(&self.failures);
        let (count, at) = failures.entry(of.to_owned()).or_insert((0, now));
        (*count, *at) = (count.saturating_add(1), now);
        let problem = format!(
            "the engine's task for {of} has failed {count} times, the last time with: {why}. It was started again; \
             report this with the engine's log."
        );
        tracing::error!("{problem}");
        self.set_problem(of, Some(problem));
        *count
    }

    /// Forgets how often the task for something has failed, which is no more.
    pub fn forget_failures(&self, of: &str) {
        lock(&self.failures).remove(of);
        self.set_problem(of, None);
    }

    fn forget_old_failures(&self, now: Instant) {
        let old = |at: Instant| now.saturating_duration_since(at) >= FAILURES_COUNT_FOR;
        let mut failures = lock(&self.failures);
        for (of, _) in failures.extract_if(.., |_, (_, at)| old(*at)) {
            self.set_problem(&of, None);
        }
    }

    /// How a runtime is started.
    pub fn runtime(&self, name: &str) -> anyhow::Result<&Runtime> {
        let runtime = self.config.runtimes.get(name);
        runtime.with_context(|| format!("the runtime {name} is not configured any more"))
    }

    /// Writes down what is wanted and known of a workload.
    pub fn save_workload(&self, record: &WorkloadRecord) -> std::io::Result<()> {
        disk::write_json(&self.layout.workload(record.wanted.id), record)
    }

    /// A new instance, not on disk yet, with a user id and a password.
    pub fn new_instance(
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
            version: VERSION,
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
            partial: false,
        })
    }

    /// Ends an instance and removes everything that is left of it. Idempotent.
    pub async fn remove_instance(&self, record: &InstanceRecord) -> anyhow::Result<()> {
        let folder = self.layout.instance(record.id);
        self.sandbox
            .remove(&record.container(), &folder, record.first)
            .await?;
        disk::remove_dir(&folder).context("removing its folder")
    }

    /// Removes the unpacked packages that nobody needs.
    pub async fn sweep_packages(&self) {
        if let Err(error) = self.packages.sweep().await {
            tracing::warn!(%error, "unpacked packages cannot be removed");
        }
    }

    /// Makes the admin protocol of an instance reachable from outside.
    pub fn open_channel(&self, id: InstanceId, client: Client) {
        lock(&self.channels).insert(id.uuid(), client);
    }

    /// The opposite of [`Self::open_channel`].
    pub fn close_channel(&self, id: InstanceId) {
        lock(&self.channels).remove(&id.uuid());
    }

    /// How to reach the admin protocol of an instance.
    pub fn channel(&self, id: InstanceId) -> Option<Client> {
        lock(&self.channels).get(&id.uuid()).cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
