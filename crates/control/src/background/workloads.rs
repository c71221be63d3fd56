//! Stores what an engine tells of every environment, and hands over again what it does not have.

use super::task::Task;
use crate::db;
use crate::db::observations::EnvironmentRef;
use crate::desired_state;
use crate::error::{Error, Result};
use crate::model::environments::Counts;
use crate::resources::engines::Named;
use crate::resources::regions;
use crate::sagas::OBSERVED;
use crate::state::State;
use domain::ids::EnvironmentId;
use domain::states::InstanceState;
use domain::subjects::SubjectKind;
use domain::topics::Topic;
use engine::observation::Observation;
use futures::StreamExt;
use serde_json::json;
use sqlx::PgConnection;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How often what is desired and what is are compared, unless something happens before.
const EVERY: Duration = Duration::from_millis(700);

/// Age at which an unchanged observation is written again, seconds: its time is shown.
const REFRESH_SECONDS: i64 = 3;

/// How long handing one workload over may keep the others waiting.
const APPLY_MAY_TAKE: Duration = Duration::from_secs(20);

/// Workloads that are handed over side by side.
const HANDED_OVER_AT_ONCE: usize = 4;

pub(super) fn task(state: &Arc<State>, engine: &Named, instances_changed: &Arc<Notify>) -> Task {
    let (state, engine) = (Arc::clone(state), engine.clone());
    let verified = Arc::new(Verified::default());
    let task = Task::every(engine.task("workloads"), EVERY, move || {
        let (state, engine) = (Arc::clone(&state), engine.clone());
        let verified = Arc::clone(&verified);
        async move { pass(&state, &engine, &verified).await }
    });
    task.woken_by(Arc::clone(instances_changed))
}

/// Environments that the engine has as this process would make them: what a workload is made of is also
/// the configuration, which may be another than that of the process before.
#[derive(Default)]
pub(crate) struct Verified(Mutex<HashSet<EnvironmentId>>);

impl Verified {
    /// Whether this is the first look at the environment.
    fn is_new(&self, id: EnvironmentId) -> bool {
        !self.set().contains(&id)
    }

    fn add(&self, id: EnvironmentId) {
        self.set().insert(id);
    }

    fn set(&self) -> std::sync::MutexGuard<'_, HashSet<EnvironmentId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One pass over every environment that the engine should know. What goes wrong with one is no other's.
pub(crate) async fn pass(state: &State, engine: &Named, verified: &Verified) -> Result<()> {
    let observed: HashMap<EnvironmentId, Observation> = engine
        .engine
        .observe_all()
        .await?
        .into_iter()
        .map(|observation| (observation.id, observation))
        .collect();
    let regions = regions::of_engine(state, &engine.name).await?;
    let known = db::observations::provisioned(&mut *state.pool.acquire().await?, &regions).await?;
    for environment in &known {
        let observation = observed.get(&environment.id);
        let stored = match observation {
            Some(observation) => store(state, environment, observation).await,
            None => Ok(()),
        };
        warn(environment, "an observation was not stored", stored);
    }
    // Only then, and side by side: a hand-over may wait for a large file.
    let all = futures::stream::iter(&known);
    all.for_each_concurrent(HANDED_OVER_AT_ONCE, async |environment| {
        let observation = observed.get(&environment.id);
        let work = reconcile(state, environment, observation, verified);
        let given = tokio::time::timeout(APPLY_MAY_TAKE, work)
            .await
            .unwrap_or_else(|late| Err(Error::internal("handing a workload over", late)));
        warn(environment, "a workload was not handed over", given);
    })
    .await;
    Ok(())
}

/// A failure is logged and tried again next time.
fn warn(environment: &EnvironmentRef, what: &str, outcome: Result<()>) {
    if let Err(error) = outcome {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(environment = %environment.id, error, "{what}");
    }
}

/// What the engine does not have as it is desired, it is given.
async fn reconcile(
    state: &State,
    environment: &EnvironmentRef,
    observation: Option<&Observation>,
    verified: &Verified,
) -> Result<()> {
    let &EnvironmentRef { id, company, .. } = environment;
    match observation.map(|observation| observation.revision) {
        Some(has) if has > environment.revision => bump_revision(state, environment, has).await,
        Some(has) if has == environment.revision => {
            if !verified.is_new(id) {
                return Ok(());
            }
            match desired_state::apply(state, company, id).await {
                // It has another content under this revision.
                Err(Error::Conflict(_)) => bump_revision(state, environment, has).await?,
                other => drop(other?),
            }
            verified.add(id);
            Ok(())
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

async fn store(
    state: &State,
    environment: &EnvironmentRef,
    observation: &Observation,
) -> Result<()> {
    let before: Option<Observation> = environment
        .observed
        .clone()
        .and_then(|json| serde_json::from_value(json).ok());
    let changed = before
        .as_ref()
        .is_none_or(|before| differs(before, observation));
    let overdue = before.as_ref().is_none_or(|before| {
        (observation.observed_at - before.observed_at).whole_seconds() >= REFRESH_SECONDS
    });
    if !changed && !overdue {
        return Ok(());
    }
    let mut tx = state.pool.begin().await?;
    db::observations::observe(&mut tx, observation, Counts::of(observation)).await?;
    if changed {
        let topics = [
            Topic::Environment(environment.id),
            Topic::App(environment.app),
            Topic::Apps,
        ];
        db::notify::changed(&mut tx, environment.company, &topics).await?;
        wake_operations(&mut tx, state, environment).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Wakes the operations that wait for what has just been observed.
async fn wake_operations(
    db: &mut PgConnection,
    state: &State,
    environment: &EnvironmentRef,
) -> Result<()> {
    let (kind, id) = (SubjectKind::Environment.as_str(), environment.id.uuid());
    let subject = saga::saga::Subject::new(kind, id);
    let (scope, now) = (environment.company.uuid(), state.now());
    saga::store::signal_subject(db, scope, &subject, OBSERVED, &json!(null), now).await?;
    Ok(())
}

/// Whether a page would look different, meters and the countdown of a crashed instance aside.
fn differs(before: &Observation, after: &Observation) -> bool {
    let faces = |o: &Observation| -> Vec<_> {
        o.instances
            .iter()
            .map(|i| {
                (
                    i.id,
                    i.index,
                    i.state,
                    (i.state != InstanceState::Crashed).then(|| i.detail.clone()),
                    i.current,
                    i.restarts,
                    i.debugger
                        .as_ref()
                        .map(|d| (d.enabled, d.client_connected, d.paused_microflows)),
                )
            })
            .collect()
    };
    before.revision != after.revision
        || before.rollout != after.rollout
        || faces(before) != faces(after)
}
