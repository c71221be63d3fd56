//! Stores what an engine measured of its environments' files, and says when its disk is nearly full.

use super::task::Task;
use crate::error::{Error, Result};
use crate::resources::engines::{Named, is_full};
use crate::resources::regions;
use crate::state::State;
use crate::usage::files;
use domain::ids::EnvironmentId;
use engine::usage::Usage;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(10);
/// What was measured the same again is looked at again after this time: plans change.
const LOOK_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// What was stored last, and when.
type Stored = Arc<Mutex<Option<(Vec<Found>, Instant)>>>;

/// What was measured of an environment, whenever that was.
type Found = (EnvironmentId, [u64; 3], bool);

pub(super) fn task(state: &Arc<State>, engine: &Named) -> Task {
    let (state, engine) = (Arc::clone(state), engine.clone());
    let stored = Stored::default();
    Task::every(engine.task("disk_usage"), EVERY, move || {
        let (state, engine, stored) = (Arc::clone(&state), engine.clone(), Arc::clone(&stored));
        async move { pass(&state, &engine, &stored).await }
    })
}

async fn pass(state: &State, Named { name, engine }: &Named, stored: &Stored) -> Result<()> {
    let asked_at = Instant::now();
    let usage = engine.usage().await?;
    if let Some(room) = usage.room {
        state.engines.hear_room(name, room, asked_at);
    }
    let found = found(&usage);
    let lock = || stored.lock().unwrap_or_else(PoisonError::into_inner);
    let is_old = !matches!(&*lock(), Some((before, at)) if *before == found && at.elapsed() < LOOK_AGAIN_AFTER);
    if is_old {
        let regions = regions::of_engine(state, name).await?;
        files::store(state, &regions, &usage).await?;
        *lock() = Some((found, Instant::now()));
    }
    match usage.room {
        Some(room) if is_full(&room) => Err(Error::Unavailable {
            text: format!(
                "The disk of the engine {name} has less free than is kept for the platform. Make room on it: what grows most may grow no further."
            ),
            source: None,
        }),
        _ => Ok(()),
    }
}

fn found(usage: &Usage) -> Vec<Found> {
    let environments = usage.environments.iter();
    environments
        .map(|it| (it.id, [it.files_bytes, it.files, it.run_bytes], it.held))
        .collect()
}
