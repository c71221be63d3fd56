//! Stores what an engine measured of its environments' files, and says when its disk is nearly full.

use super::task::Task;
use crate::error::{Error, Result};
use crate::resources::engines::Named;
use crate::resources::regions;
use crate::state::State;
use crate::usage::files;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(10);

pub(super) fn task(state: &Arc<State>, engine: &Named) -> Task {
    let (state, engine) = (Arc::clone(state), engine.clone());
    Task::every(engine.task("disk_usage"), EVERY, move || {
        let (state, engine) = (Arc::clone(&state), engine.clone());
        async move { pass(&state, &engine).await }
    })
}

async fn pass(state: &State, Named { name, engine }: &Named) -> Result<()> {
    let usage = engine.usage().await?;
    let regions = regions::of_engine(state, name).await?;
    files::store(state, &regions, &usage).await?;
    match usage.room {
        Some(room) if room.disk_bytes > 0 && room.disk_free_bytes == 0 => Err(Error::Unavailable {
            text: format!(
                "The disk of the engine {name} has less free than is kept for the platform. Make room on it: what grows most may grow no further."
            ),
            source: None,
        }),
        _ => Ok(()),
    }
}
