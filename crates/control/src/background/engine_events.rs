//! Copies an engine's events to the database, so that pages show them after both have restarted.

use super::task::Task;
use crate::db;
use crate::error::Result;
use crate::resources::engines::Named;
use crate::resources::regions;
use crate::state::State;
use domain::topics::Topic;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify};

/// How long the engine may hold the question until something happens, seconds.
const WAIT_SECONDS: u32 = 5;

/// Tells `instances_changed` of events: what the workloads look like is worth a look then.
pub(super) fn task(state: &Arc<State>, engine: &Named, instances_changed: &Arc<Notify>) -> Task {
    let (state, engine) = (Arc::clone(state), engine.clone());
    let changed = Arc::clone(instances_changed);
    let read = Arc::new(Mutex::new(None));
    Task::every(engine.task("engine_events"), Duration::ZERO, move || {
        let (state, engine) = (Arc::clone(&state), engine.clone());
        let (changed, read) = (Arc::clone(&changed), Arc::clone(&read));
        async move {
            if pass(&state, &engine, &read).await? {
                changed.notify_one();
            }
            Ok(())
        }
    })
}

/// Waits for events and stores them; whether there were any. `read` is how far they have been read, once that
/// is known.
async fn pass(
    state: &State,
    Named { name, engine }: &Named,
    read: &Mutex<Option<u64>>,
) -> Result<bool> {
    let mut read = read.lock().await;
    let after = match *read {
        Some(after) => after,
        None => db::events::cursor(&mut *state.pool.acquire().await?, name).await?,
    };
    *read = Some(after);
    let events = engine.events(after, WAIT_SECONDS).await?;
    let Some(last) = events.last() else {
        return Ok(false);
    };
    let regions = regions::of_engine(state, name).await?;
    let mut tx = state.pool.begin().await?;
    for event in &events {
        if let Some(company) = db::events::insert(&mut tx, event, &regions).await? {
            let topics = [Topic::Environment(event.workload)];
            db::notify::changed(&mut tx, company, &topics).await?;
        }
    }
    db::events::set_cursor(&mut tx, name, last.sequence).await?;
    tx.commit().await?;
    *read = Some(last.sequence);
    Ok(true)
}
