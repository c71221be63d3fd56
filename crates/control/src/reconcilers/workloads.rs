//! Stores what the engine tells of every environment, and hands over again what it does not have.

use crate::ctx::State;
use crate::db;
use crate::db::observations::Known;
use crate::environments::{Counts, workload};
use crate::error::Result;
use domain::ids::EnvironmentId;
use engine::observation::Observation;
use std::collections::HashMap;

/// Age at which an unchanged observation is written again, seconds: its time is shown.
const REFRESH_SECONDS: i64 = 3;

/// One pass over every environment that an engine should know.
pub(crate) async fn pass(state: &State) -> Result<()> {
    let observed: HashMap<EnvironmentId, Observation> = state
        .engine
        .observe_all()
        .await?
        .into_iter()
        .map(|observation| (observation.id, observation))
        .collect();
    let known = db::observations::provisioned(&mut *state.pool.acquire().await?).await?;
    for environment in &known {
        match observed.get(&environment.id) {
            Some(observation) => {
                store(state, environment, observation).await?;
                if observation.revision < environment.revision {
                    hand_over(state, environment).await;
                }
            }
            None => hand_over(state, environment).await,
        }
    }
    Ok(())
}

/// What the engine does not have, it is given; a refusal is logged and tried again next time.
async fn hand_over(state: &State, environment: &Known) {
    let given = async {
        let workload = workload::assemble(state, environment.company, environment.id).await?;
        state
            .engine
            .apply(&workload)
            .await
            .map_err(crate::error::Error::from)
    };
    if let Err(error) = given.await {
        tracing::warn!(environment = %environment.id, error = &error as &dyn std::error::Error, "a workload was not handed over");
    }
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
                )
            })
            .collect()
    };
    before.revision != after.revision
        || before.rollout != after.rollout
        || faces(before) != faces(after)
}
