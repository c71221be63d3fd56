//! Asks the object store whether it is there, so that its absence is said before somebody needs it.

use super::task::Task;
use crate::state::State;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_mins(1);

pub(super) fn task(state: &Arc<State>) -> Task {
    let state = Arc::clone(state);
    Task::every("object_store", EVERY, move || {
        let state = Arc::clone(&state);
        async move { state.objects.check().await }
    })
}
