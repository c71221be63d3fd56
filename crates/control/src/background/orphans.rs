//! Looks for what no row knows, and says so in the log; `portal orphans` names each.

use super::task::Task;
use crate::orphans;
use crate::state::State;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_hours(1);

pub(super) fn task(state: &Arc<State>) -> Task {
    let state = Arc::clone(state);
    Task::every("orphans", EVERY, move || {
        let state = Arc::clone(&state);
        async move {
            let found = orphans::list(&state).await?;
            if !found.orphans.is_empty() {
                tracing::warn!(
                    number = found.orphans.len(),
                    "there are workloads, databases or buckets that no row knows; run `portal orphans list`"
                );
            }
            Ok(())
        }
    })
}
