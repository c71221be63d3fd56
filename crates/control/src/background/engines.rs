//! The tasks of every engine side by side: one that is silent delays no other.
//!
//! Which engines there are is asked again and again, so that the engine of a new region needs no restart.

use super::task::Task;
use super::{engine_events, engine_info, run_all, workloads};
use crate::error::Result;
use crate::resources::engines::Named;
use crate::resources::regions::{self, EngineInUse};
use crate::state::State;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// How often it is asked which engines there are.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) fn task(state: &Arc<State>, replica: &str, shutdown: &CancellationToken) -> Task {
    let (state, shutdown) = (Arc::clone(state), shutdown.clone());
    let replica: Arc<str> = replica.into();
    Task::endless("engines", move || {
        let running = Running {
            state: Arc::clone(&state),
            replica: Arc::clone(&replica),
            shutdown: shutdown.clone(),
            tasks: JoinSet::new(),
            by_engine: HashMap::new(),
        };
        run(running)
    })
}

async fn run(mut running: Running) -> Result<()> {
    let shutdown = running.shutdown.clone();
    while !shutdown.is_cancelled() {
        let engines = regions::engines_in_use(&running.state).await?;
        running.follow(engines);
        shutdown
            .run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await;
    }
    Ok(())
}

/// The tasks under way, by the names of their engines. Dropped, they end.
struct Running {
    state: Arc<State>,
    replica: Arc<str>,
    shutdown: CancellationToken,
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
                let work = work(
                    Arc::clone(&self.state),
                    Arc::clone(&self.replica),
                    self.shutdown.clone(),
                    engine,
                );
                self.by_engine.insert(name, self.tasks.spawn(work));
            }
        }
    }
}

/// What is done with one engine.
async fn work(
    state: Arc<State>,
    replica: Arc<str>,
    shutdown: CancellationToken,
    engine: Named,
) {
    let instances_changed = Arc::new(Notify::new());
    let tasks = [
        workloads::task(&state, &engine, &instances_changed),
        engine_events::task(&state, &engine, &instances_changed),
        engine_info::task(&state, &engine),
    ];
    run_all(&state, &replica, &tasks, true, &shutdown).await;
}
