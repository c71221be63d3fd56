//! Gives an engine what it does not have as it is desired: beside the passes, several at once, each on its own.

use crate::db;
use crate::db::observations::EnvironmentRef;
use crate::desired_state;
use crate::error::{Error, Result};
use crate::state::State;
use domain::ids::EnvironmentId;
use engine::observation::Observation;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

/// How long handing one workload over may take: it may wait for a large file.
const MAY_TAKE: Duration = Duration::from_secs(20);

/// Workloads that are handed over side by side.
const AT_ONCE: usize = 8;

/// How long one that failed waits: others come first.
const REST: Duration = Duration::from_secs(2);

/// Those under way, and what is remembered of those before. Dropped, they end.
pub(super) struct HandOvers {
    room: Arc<Semaphore>,
    running: JoinSet<Result<()>>,
    under_way: HashMap<Id, EnvironmentRef>,
    /// When each of those that failed did so.
    failed: HashMap<EnvironmentId, Instant>,
    /// Environments that the engine has as this process would make them: what a workload is made of is also
    /// the configuration, which may be another than that of the process before.
    verified: HashSet<EnvironmentId>,
}

impl Default for HandOvers {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(AT_ONCE)),
            running: JoinSet::new(),
            under_way: HashMap::new(),
            failed: HashMap::new(),
            verified: HashSet::new(),
        }
    }
}

impl HandOvers {
    /// Takes note of what has ended, and has what is lacking handed over in its turn. Waits for none.
    pub(super) fn pass(
        &mut self,
        state: &Arc<State>,
        known: &HashMap<EnvironmentId, EnvironmentRef>,
        observed: &HashMap<EnvironmentId, Observation>,
    ) {
        self.reap();
        let has = |id: EnvironmentId| observed.get(&id).map(|observation| observation.revision);
        let busy: HashSet<EnvironmentId> = self.under_way.values().map(|each| each.id).collect();
        let lacking: Vec<EnvironmentRef> = known
            .values()
            .filter(|each| !busy.contains(&each.id) && self.is_lacking(each, has(each.id)))
            .copied()
            .collect();
        for each in lacking {
            let (room, state) = (Arc::clone(&self.room), Arc::clone(state));
            let has = has(each.id);
            let task = self.running.spawn(async move {
                // Never closed; its turn comes in order, so that one that fails again and again is behind others.
                let _turn = room.acquire().await;
                let given = tokio::time::timeout(MAY_TAKE, reconcile(&state, each, has)).await;
                given.unwrap_or_else(|late| Err(Error::internal("handing a workload over", late)))
            });
            self.under_way.insert(task.id(), each);
        }
    }

    /// Forgets environments that are no more.
    pub(super) fn keep(&mut self, known: &HashMap<EnvironmentId, EnvironmentRef>) {
        self.failed.retain(|id, _| known.contains_key(id));
        self.verified.retain(|id| known.contains_key(id));
    }

    fn is_lacking(&self, environment: &EnvironmentRef, has: Option<i64>) -> bool {
        let id = environment.id;
        let is_so = has == Some(environment.revision) && self.verified.contains(&id);
        !is_so && self.failed.get(&id).is_none_or(|at| at.elapsed() >= REST)
    }

    /// Takes note of those that have ended. A failure is logged and tried again.
    fn reap(&mut self) {
        while let Some(ended) = self.running.try_join_next_with_id() {
            let (task, given) = match ended {
                Ok((task, given)) => (task, given),
                Err(broken) => (
                    broken.id(),
                    Err(Error::internal("handing a workload over", broken)),
                ),
            };
            let Some(environment) = self.under_way.remove(&task) else {
                continue;
            };
            match given {
                Ok(()) => {
                    self.failed.remove(&environment.id);
                    self.verified.insert(environment.id);
                }
                Err(error) => {
                    self.failed.insert(environment.id, Instant::now());
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(environment = %environment.id, error, "a workload was not handed over");
                }
            }
        }
    }
}

/// What the engine does not have as it is desired, it is given; it `has` this revision.
async fn reconcile(state: &State, environment: EnvironmentRef, has: Option<i64>) -> Result<()> {
    let EnvironmentRef { id, company, .. } = environment;
    match has {
        Some(has) if has > environment.revision => bump_revision(state, &environment, has).await,
        Some(has) if has == environment.revision => {
            match desired_state::apply(state, company, id).await {
                // It has another content under this revision.
                Err(Error::Conflict(_)) => bump_revision(state, &environment, has).await,
                other => other.map(drop),
            }
        }
        _ => desired_state::apply(state, company, id).await.map(drop),
    }
}

/// Wants the same under a revision that the engine does not know yet. It may know a higher one when the
/// portal's database was restored from a copy.
async fn bump_revision(state: &State, environment: &EnvironmentRef, has: i64) -> Result<()> {
    let &EnvironmentRef { id, company, .. } = environment;
    let mut db = state.pool.acquire().await?;
    db::environments::raise_revision(&mut db, company, id, has, state.now()).await?;
    drop(db);
    desired_state::apply(state, company, id).await.map(drop)
}
