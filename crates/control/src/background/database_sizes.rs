//! Measures environments' databases, one query for each server, and holds those that are too large.

use super::task::Task;
use crate::error::Result;
use crate::resources::regions;
use crate::state::State;
use crate::usage::databases;
use futures::future::join_all;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(10);

pub(super) fn task(state: &Arc<State>) -> Task {
    let state = Arc::clone(state);
    Task::every("database_sizes", EVERY, move || {
        let state = Arc::clone(&state);
        async move { pass(&state).await }
    })
}

/// Every server side by side: a silent one delays no other. The first error is the pass's.
async fn pass(state: &State) -> Result<()> {
    let servers = regions::servers_in_use(state).await?;
    let measured = join_all(servers.iter().map(|it| databases::measure(state, it))).await;
    measured.into_iter().collect()
}
