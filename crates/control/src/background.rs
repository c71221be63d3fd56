//! What runs beside the requests: one home for every task, one file for each.
//!
//! A task passes again and again, woken by time and by events. Every replica runs those that need no
//! leader; the others run in the replica that holds the leadership, a lock of the database that ends
//! with its connection. Each has a row that says how its last pass went; a failure or a panic in one
//! is in its row, and no other's.

mod database_sizes;
mod disk_usage;
mod engine_events;
mod engine_info;
mod engines;
mod leader;
mod object_store;
mod object_sweep;
mod orphans;
mod record;
mod replica;
mod retention;
mod runner;
mod saga_worker;
pub mod task;
mod workloads;

use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use crate::live_updates::Update;
use crate::model::tasks::TaskStatus;
use crate::state::State;
use domain::rights::{Right, Target};
use replica::Replica;
use saga::fault::Faults;
use std::sync::Arc;
use task::Task;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// The tasks of a process, before they run.
pub struct Background {
    replica: Replica,
    tasks: Vec<Task>,
    product: Option<Arc<dyn Faults>>,
}

impl Background {
    /// No tasks yet.
    pub fn new(state: Arc<State>) -> Self {
        Self {
            replica: Replica::new(state),
            tasks: Vec::new(),
            product: None,
        }
    }

    /// With those of the product; `faults` are asked at every step of every saga.
    #[must_use]
    pub fn with_product(mut self, faults: Arc<dyn Faults>) -> Self {
        self.product = Some(faults);
        self
    }

    /// With what tells of changes: tasks that remember what they have read need it to be up to date soon.
    #[must_use]
    pub fn following(mut self, changes: &broadcast::Sender<Update>) -> Self {
        self.replica.changes = changes.clone();
        self
    }

    /// With another task, which every replica runs.
    #[must_use]
    pub fn with(mut self, task: Task) -> Self {
        self.tasks.push(task);
        self
    }

    /// Under another name than that of the process.
    #[must_use]
    pub fn replica(mut self, name: impl Into<String>) -> Self {
        self.replica.name = name.into();
        self
    }

    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let (mut replica, mut tasks) = (self.replica, self.tasks);
        replica.shutdown = shutdown.clone();
        let Some(faults) = self.product else {
            return replica.run(&tasks, false).await;
        };
        tasks.push(saga_worker::task(&replica.state, faults, &shutdown));
        tasks.push(object_store::task(&replica.state));
        tokio::join!(
            replica.run(&tasks, false),
            shutdown.run_until_cancelled(leader::lead(&replica)),
        );
    }
}

/// What one replica alone does; made anew with each leadership, so that nothing is remembered from the last.
fn leader_tasks(replica: &Replica) -> Vec<Task> {
    vec![
        engines::task(replica),
        object_sweep::task(&replica.state),
        database_sizes::task(&replica.state),
        retention::task(&replica.state),
        orphans::task(replica),
    ]
}

/// Every task and how its last pass went, for those who look after the installation.
pub async fn list(ctx: &Ctx) -> Result<Vec<TaskStatus>> {
    Error::unless_allowed(&ctx.may(Right::ViewInstallation, &Target::Installation))?;
    db::tasks::list(&mut *ctx.state.pool.acquire().await?).await
}
