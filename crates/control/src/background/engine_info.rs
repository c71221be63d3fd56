//! Stores what an engine tells of itself, so that no page has to ask it.

use super::task::Task;
use crate::db;
use crate::error::Result;
use crate::resources::engines::Named;
use crate::state::State;
use std::sync::Arc;
use std::time::Duration;

/// How often it is asked: what it tells changes with its own start alone.
const EVERY: Duration = Duration::from_mins(1);

pub(super) fn task(state: &Arc<State>, engine: &Named) -> Task {
    let (state, engine) = (Arc::clone(state), engine.clone());
    Task::every(engine.task("engine_info"), EVERY, move || {
        let (state, engine) = (Arc::clone(&state), engine.clone());
        async move { pass(&state, &engine).await }
    })
}

async fn pass(state: &State, Named { name, engine }: &Named) -> Result<()> {
    let info = engine.info().await?;
    db::engines::upsert(&mut *state.pool.acquire().await?, name, &info, state.now()).await
}
