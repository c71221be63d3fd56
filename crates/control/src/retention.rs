//! What is old goes away: ended operations with their logs, deployments, and what happened to instances.
//!
//! A little at a time, so that nobody waits for it. Nothing that lives is touched, nor what a page shows whatever
//! its age: the last things of each environment stay. The audit trail is kept for ever.

use crate::config::Retention;
use crate::db;
use crate::error::Result;
use crate::state::State;
use time::{Duration, OffsetDateTime};

/// Rows that one statement removes at the most.
pub(crate) const BATCH: i64 = 1_000;

/// Statements of each kind in one pass. What is left then is left to the next.
const BATCHES: u32 = 50;

/// How much a pass has removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Deployments.
    pub deployments: u64,
    /// Operations.
    pub operations: u64,
    /// Events of instances.
    pub events: u64,
}

/// Removes what is older than the settings say.
pub async fn sweep(state: &State) -> Result<Removed> {
    let Retention {
        operations_days,
        deployments_days,
        events_days,
    } = state.config.retention;
    let before = |days: u32| state.now() - Duration::days(days.into());
    Ok(Removed {
        // First: an operation is kept for as long as a deployment leads to it.
        deployments: remove(state, Kind::Deployments, before(deployments_days)).await?,
        operations: remove(state, Kind::Operations, before(operations_days)).await?,
        events: remove(state, Kind::Events, before(events_days)).await?,
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Deployments,
    Operations,
    Events,
}

async fn remove(state: &State, kind: Kind, before: OffsetDateTime) -> Result<u64> {
    let mut removed = 0;
    for _ in 0..BATCHES {
        let mut db = state.pool.acquire().await?;
        let batch = match kind {
            Kind::Deployments => db::retention::deployments(&mut db, before, BATCH).await?,
            Kind::Operations => db::retention::operations(&mut db, before, BATCH).await?,
            Kind::Events => db::retention::events(&mut db, before, BATCH).await?,
        };
        removed += batch;
        if i64::try_from(batch).is_ok_and(|batch| batch < BATCH) {
            break;
        }
    }
    Ok(removed)
}
