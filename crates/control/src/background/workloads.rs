//! Stores what an engine tells of its environments, and hands over again what it does not have.
//!
//! The engine is asked often, the database seldom: what is known of the environments and what was stored of
//! them is remembered, and read again when something changes. A pass in which nothing has changed costs no
//! statement; now and then one says that the engine was heard, for all environments together.

mod hand_over;
mod known;
mod meters;
mod stored;

use super::replica::Replica;
use super::task::Task;
use crate::db;
use crate::error::Result;
use crate::live_updates::Update;
use crate::resources::engines::Named;
use crate::state::State;
use domain::ids::EnvironmentId;
use engine::observation::Observation;
use hand_over::HandOvers;
use known::Known;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use stored::Written;
use tokio::sync::{Mutex, Notify, broadcast};
use tokio::time::Instant;

/// How often what is desired and what is are compared, unless something happens before.
const EVERY: Duration = Duration::from_millis(700);

/// How often it is written down that the engine was heard; pages call it silent after thirty seconds.
const SEEN_EVERY: Duration = Duration::from_secs(5);

pub(super) fn task(replica: &Replica, engine: &Named, instances_changed: &Arc<Notify>) -> Task {
    let work = Arc::new(Mutex::new(Work {
        state: Arc::clone(&replica.state),
        engine: engine.clone(),
        changes: replica.changes.subscribe(),
        known: Known::default(),
        written: Written::default(),
        hand_overs: HandOvers::default(),
        seen: None,
    }));
    let task = Task::every(engine.task("workloads"), EVERY, move || {
        let work = Arc::clone(&work);
        async move { work.lock().await.pass().await }
    });
    task.woken_by(Arc::clone(instances_changed))
}

/// What is remembered from pass to pass.
struct Work {
    state: Arc<State>,
    engine: Named,
    changes: broadcast::Receiver<Update>,
    known: Known,
    written: Written,
    hand_overs: HandOvers,
    /// When it was last written down that the engine was heard.
    seen: Option<Instant>,
}

impl Work {
    /// One pass over every environment that the engine should know. What goes wrong with one is no other's.
    async fn pass(&mut self) -> Result<()> {
        let asked_at = self.state.now();
        let observed: HashMap<EnvironmentId, Observation> = self
            .engine
            .engine
            .observe_all()
            .await?
            .into_iter()
            .map(|observation| (observation.id, observation))
            .collect();
        self.known.hear(&mut self.changes);
        let state = &self.state;
        let read_all = self.known.refresh(state, &self.engine, &observed).await?;
        if read_all {
            self.hand_overs.keep(&self.known.environments);
        }
        if self.seen.is_none_or(|at| at.elapsed() >= SEEN_EVERY) {
            let mut db = state.pool.acquire().await?;
            db::engines::seen(&mut db, &self.engine.name, asked_at).await?;
            self.seen = Some(Instant::now());
        }
        let known = &self.known.environments;
        let stored = self.written.store(state, &self.engine, known, &observed);
        let stored = stored.await;
        self.hand_overs.pass(state, known, &observed);
        stored
    }
}
