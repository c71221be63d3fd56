//! Works while this process is the leader among the replicas.

use crate::db::leadership;
use crate::state::State;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long to wait before the leadership is asked for again.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// Runs the leader's tasks whenever this process becomes it, and drops them when it no longer is.
pub(super) async fn lead(state: &Arc<State>, replica: &str, shutdown: &CancellationToken) {
    loop {
        match leadership::take(&state.pool).await {
            Ok(Some(mut held)) => {
                let tasks = super::leader_tasks(state, replica, shutdown);
                tokio::select! {
                    () = super::run_all(state, replica, &tasks, true, shutdown) => {}
                    () = held.lost() => tracing::info!("the leadership was lost"),
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the leadership could not be asked for"
            ),
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
