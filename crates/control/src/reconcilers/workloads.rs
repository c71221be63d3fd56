//! Stores what the engine tells of every environment, and hands over again what it does not have.

use crate::ctx::State;
use crate::db;
use crate::db::observations::Known;
use crate::environments::{Counts, workload};
use crate::error::{Error, Result};
use domain::ids::EnvironmentId;
use engine::observation::Observation;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Age at which an unchanged observation is written again, seconds: its time is shown.
const REFRESH_SECONDS: i64 = 3;

/// How long handing one workload over may keep the others waiting.
const HAND_OVER_MAY_TAKE: Duration = Duration::from_secs(20);

/// Environments that the engine has as this process would make them: what a workload is made of is also
/// the configuration, which may be another than that of the process before.
#[derive(Default)]
pub(crate) struct Compared(Mutex<HashSet<EnvironmentId>>);

impl Compared {
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

/// One pass over every environment that an engine should know. What goes wrong with one is no other's.
pub(crate) async fn pass(state: &State, compared: &Compared) -> Result<()> {
    let observed: HashMap<EnvironmentId, Observation> = state
        .engine
        .observe_all()
        .await?
        .into_iter()
        .map(|observation| (observation.id, observation))
        .collect();
    let known = db::observations::provisioned(&mut *state.pool.acquire().await?).await?;
    for environment in &known {
        let observation = observed.get(&environment.id);
        let stored = match observation {
            Some(observation) => store(state, environment, observation).await,
            None => Ok(()),
        };
        warn(environment, "an observation was not stored", stored);
        let work = meet(state, environment, observation, compared);
        let given = tokio::time::timeout(HAND_OVER_MAY_TAKE, work)
            .await
            .unwrap_or_else(|late| Err(Error::internal("handing a workload over", late)));
        warn(environment, "a workload was not handed over", given);
    }
    Ok(())
}

/// A failure is logged and tried again next time.
fn warn(environment: &Known, what: &str, outcome: Result<()>) {
    if let Err(error) = outcome {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(environment = %environment.id, error, "{what}");
    }
}

/// What the engine does not have as it is wanted, it is given.
async fn meet(
    state: &State,
    environment: &Known,
    observation: Option<&Observation>,
    compared: &Compared,
) -> Result<()> {
    let &Known { id, company, .. } = environment;
    match observation.map(|observation| observation.revision) {
        Some(has) if has > environment.revision => renew(state, environment, has).await,
        Some(has) if has == environment.revision => {
            if !compared.is_new(id) {
                return Ok(());
            }
            match workload::hand_over(state, company, id).await {
                // It has another content under this revision.
                Err(Error::Conflict(_)) => renew(state, environment, has).await?,
                other => drop(other?),
            }
            compared.add(id);
            Ok(())
        }
        _ => workload::hand_over(state, company, id).await.map(drop),
    }
}

/// Wants the same under a revision that the engine does not know yet. It may know a higher one when the
/// portal's database was restored from a copy.
async fn renew(state: &State, environment: &Known, has: i64) -> Result<()> {
    let &Known { id, company, .. } = environment;
    let mut db = state.pool.acquire().await?;
    db::environments::raise_revision(&mut db, company, id, has, state.now()).await?;
    drop(db);
    workload::hand_over(state, company, id).await.map(drop)
}

async fn store(state: &State, environment: &Known, observation: &Observation) -> Result<()> {
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
        let keys = [
            format!("environment:{}", environment.id),
            format!("app:{}", environment.app),
            "apps".to_owned(),
        ];
        db::notify::changed(&mut tx, environment.company, &keys).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Whether a page would look different, meters aside.
fn differs(before: &Observation, after: &Observation) -> bool {
    let faces = |o: &Observation| -> Vec<_> {
        o.instances
            .iter()
            .map(|i| {
                (
                    i.id,
                    i.index,
                    i.state,
                    i.detail.clone(),
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
