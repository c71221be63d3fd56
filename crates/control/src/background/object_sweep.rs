//! Sweeps the object store: what broken-off uploads and deletions have left goes away.

use super::task::Task;
use crate::packages;
use crate::state::State;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_mins(10);

pub(super) fn task(state: &Arc<State>) -> Task {
    let state = Arc::clone(state);
    Task::every("object_sweep", EVERY, move || {
        let state = Arc::clone(&state);
        async move {
            match packages::sweep::sweep(&state).await? {
                0 => {}
                files => tracing::info!(files, "removed files that belong to no package"),
            }
            Ok(())
        }
    })
}
