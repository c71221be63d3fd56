//! Removes what is older than the settings say.

use super::task::Task;
use crate::retention::{self, Removed};
use crate::state::State;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_hours(1);

pub(super) fn task(state: &Arc<State>) -> Task {
    let state = Arc::clone(state);
    Task::every("retention", EVERY, move || {
        let state = Arc::clone(&state);
        async move {
            let removed = retention::sweep(&state).await?;
            if removed != Removed::default() {
                let Removed {
                    deployments,
                    operations,
                    events,
                } = removed;
                tracing::info!(deployments, operations, events, "removed what was old");
            }
            Ok(())
        }
    })
}
