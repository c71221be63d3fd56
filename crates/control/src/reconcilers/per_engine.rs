//! The reconcilers of every engine side by side, each in a task of its own: one that is silent delays no other.
//!
//! Which engines there are is asked again and again, so that the engine of a new region needs no restart.

use super::workloads::Verified;
use super::{events, workloads};
use crate::background::forever;
use crate::resources::engines::Named;
use crate::resources::regions::{self, EngineInUse};
use crate::state::State;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinSet};

/// How often it is asked which engines there are.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often what is desired and what is are verified.
const COMPARE_EVERY: Duration = Duration::from_millis(700);

/// Reconciles until it is dropped.
pub(crate) async fn run(state: &Arc<State>) {
    let mut running = Running::default();
    loop {
        match regions::engines_in_use(state).await {
            Ok(engines) => running.follow(state, engines),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the engines of the regions could not be read"
            ),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The tasks under way, by the names of their engines. Dropped, they end.
#[derive(Default)]
struct Running {
    tasks: JoinSet<()>,
    by_engine: HashMap<Arc<str>, AbortHandle>,
}

impl Running {
    /// Begins with engines that are new, or whose task has failed; ends with those that serve no region any more.
    fn follow(&mut self, state: &Arc<State>, engines: Vec<EngineInUse>) {
        self.by_engine.retain(|name, task| {
            let is_used = engines.iter().any(|it| it.engine.name == *name);
            if !is_used {
                task.abort();
            }
            is_used && !task.is_finished()
        });
        while self.tasks.try_join_next().is_some() {}
        for EngineInUse { engine, .. } in engines {
            self.by_engine
                .entry(Arc::clone(&engine.name))
                .or_insert_with(|| self.tasks.spawn(reconcile(Arc::clone(state), engine)));
        }
    }
}

/// Reconciles with one engine.
async fn reconcile(state: Arc<State>, engine: Named) {
    let (state, engine, verified) = (&*state, &engine, &Verified::default());
    let comparing = format!("comparing workloads with the engine {}", engine.name);
    let reading = format!("reading events of the engine {}", engine.name);
    tokio::join!(
        forever(&comparing, COMPARE_EVERY, || workloads::pass(
            state, engine, verified
        )),
        forever(&reading, Duration::ZERO, || events::pass(state, engine)),
    );
}
