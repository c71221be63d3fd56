//! What runs beside the requests: one home for every task, one file for each.
//!
//! A task passes again and again, woken by time and by events. Every replica runs those that need no
//! leader; the others run in the replica that holds the leadership, a lock of the database that ends
//! with its connection. Each has a row that says how its last pass went; a failure or a panic in one
//! is in its row, and no other's.

mod engine_events;
mod engine_info;
mod engines;
mod leader;
mod object_store;
mod object_sweep;
mod record;
mod runner;
mod saga_worker;
pub mod task;
mod workloads;

use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use crate::model::tasks::TaskStatus;
use crate::state::State;
use domain::rights::{Right, Target};
use futures::future::join_all;
use record::Record;
use saga::fault::Faults;
use std::sync::Arc;
use task::Task;
use tokio_util::sync::CancellationToken;

/// The tasks of a process, before they run.
pub struct Background {
    state: Arc<State>,
    replica: String,
    tasks: Vec<Task>,
    product: Option<Arc<dyn Faults>>,
}

impl Background {
    /// No tasks yet.
    pub fn new(state: Arc<State>) -> Self {
        Self {
            state,
            replica: this_process(),
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

    /// With another task, which every replica runs.
    #[must_use]
    pub fn with(mut self, task: Task) -> Self {
        self.tasks.push(task);
        self
    }

    /// Under another name than that of the process.
    #[must_use]
    pub fn replica(mut self, name: impl Into<String>) -> Self {
        self.replica = name.into();
        self
    }

    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self {
            state,
            replica,
            mut tasks,
            product,
        } = self;
        let Some(faults) = product else {
            return run_all(&state, &replica, &tasks, false, &shutdown).await;
        };
        tasks.push(saga_worker::task(&state, faults, &shutdown));
        tasks.push(object_store::task(&state));
        tokio::join!(
            run_all(&state, &replica, &tasks, false, &shutdown),
            shutdown.run_until_cancelled(leader::lead(&state, &replica, &shutdown)),
        );
    }
}

/// What one replica alone does; made anew with each leadership, so that nothing is remembered from the last.
fn leader_tasks(state: &Arc<State>, replica: &str, shutdown: &CancellationToken) -> Vec<Task> {
    vec![
        engines::task(state, replica, shutdown),
        object_sweep::task(state),
    ]
}

async fn run_all(
    state: &Arc<State>,
    replica: &str,
    tasks: &[Task],
    leader_only: bool,
    shutdown: &CancellationToken,
) {
    let mut running = Vec::new();
    for task in tasks {
        let record = Record::new(state, task, replica, leader_only);
        running.push(runner::run(task, record, shutdown));
    }
    join_all(running).await;
}

/// Every task and how its last pass went, for those who look after the installation.
pub async fn list(ctx: &Ctx) -> Result<Vec<TaskStatus>> {
    Error::unless_allowed(&ctx.may(Right::ViewInstallation, &Target::Installation))?;
    db::tasks::list(&mut *ctx.state.pool.acquire().await?).await
}

fn this_process() -> String {
    let host = rustix::system::uname();
    format!(
        "{} {}",
        host.nodename().to_string_lossy(),
        std::process::id()
    )
}
