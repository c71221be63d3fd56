//! Works while this process is the leader among the replicas.

use super::replica::Replica;
use crate::db::leadership;
use std::time::Duration;

/// How long to wait before the leadership is asked for again.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// Runs the leader's tasks whenever this process becomes it, and drops them when it no longer is.
pub(super) async fn lead(replica: &Replica) {
    let state = &replica.state;
    loop {
        match leadership::take(&state.pool).await {
            Ok(Some(mut held)) => {
                let tasks = super::leader_tasks(replica);
                tokio::select! {
                    () = replica.run(&tasks, true) => {}
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
