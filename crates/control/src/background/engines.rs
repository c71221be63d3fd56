//! The tasks of every engine side by side: one that is silent delays no other.
//!
//! Which engines there are is asked again and again, so that the engine of a new region needs no restart.

use super::replica::Replica;
use super::task::Task;
use super::{disk_usage, engine_events, engine_info, workloads};
use crate::error::Result;
use crate::resources::engines::Named;
use crate::resources::regions::{self, EngineInUse};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

/// How often it is asked which engines there are.
const LOOK_EVERY: Duration = Duration::from_secs(10);

pub(super) fn task(replica: &Replica) -> Task {
    let replica = replica.clone();
    Task::endless("engines", move || {
        run(Running {
            replica: replica.clone(),
            tasks: JoinSet::new(),
            by_engine: HashMap::new(),
        })
    })
}

async fn run(mut running: Running) -> Result<()> {
    let shutdown = running.replica.shutdown.clone();
    while !shutdown.is_cancelled() {
        let engines = regions::engines_in_use(&running.replica.state).await?;
        running.follow(engines);
        shutdown
            .run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await;
    }
    Ok(())
}

/// The tasks under way, by the names of their engines. Dropped, they end.
struct Running {
    replica: Replica,
    tasks: JoinSet<()>,
    by_engine: HashMap<Arc<str>, AbortHandle>,
}

impl Running {
    /// Begins with engines that are new; ends with those that serve no region any more.
    fn follow(&mut self, engines: Vec<EngineInUse>) {
        self.by_engine.retain(|name, task| {
            let is_used = engines.iter().any(|it| it.engine.name == *name);
            if !is_used {
                task.abort();
            }
            is_used && !task.is_finished()
        });
        while self.tasks.try_join_next().is_some() {}
        for EngineInUse { engine, .. } in engines {
            if !self.by_engine.contains_key(&engine.name) {
                let name = Arc::clone(&engine.name);
                let task = self.tasks.spawn(work(self.replica.clone(), engine));
                self.by_engine.insert(name, task);
            }
        }
    }
}

/// What is done with one engine.
async fn work(replica: Replica, engine: Named) {
    let (state, instances_changed) = (&replica.state, Arc::new(Notify::new()));
    let tasks = [
        workloads::task(&replica, &engine, &instances_changed),
        engine_events::task(state, &engine, &instances_changed),
        engine_info::task(state, &engine),
        disk_usage::task(state, &engine),
    ];
    replica.run(&tasks, true).await;
}
