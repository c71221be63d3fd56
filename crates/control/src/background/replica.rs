//! The process that tasks run in.

use super::record::Record;
use super::runner;
use super::task::Task;
use crate::live_updates::{self, Update};
use crate::state::State;
use futures::future::join_all;
use std::sync::Arc;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// One of the processes that share the database.
#[derive(Clone)]
pub(super) struct Replica {
    pub(super) state: Arc<State>,
    /// Host and process id.
    pub(super) name: String,
    /// What changed, as far as the process listens.
    pub(super) changes: broadcast::Sender<Update>,
    /// Cancelled when the program stops.
    pub(super) shutdown: CancellationToken,
}

impl Replica {
    pub(super) fn new(state: Arc<State>) -> Self {
        let host = rustix::system::uname();
        let host = host.nodename().to_string_lossy();
        Self {
            state,
            name: format!("{host} {}", std::process::id()),
            changes: live_updates::channel(),
            shutdown: CancellationToken::new(),
        }
    }

    /// Runs tasks side by side until the program stops.
    pub(super) async fn run(&self, tasks: &[Task], leader_only: bool) {
        let mut running = Vec::new();
        for task in tasks {
            let record = Record::new(self, task, leader_only);
            running.push(runner::run(task, record, &self.shutdown));
        }
        join_all(running).await;
    }
}
