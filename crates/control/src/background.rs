//! What runs beside the requests in `portal serve`: the saga worker, and the reconcilers.
//!
//! Every replica runs a worker; the reconcilers run in the one that holds the leadership, a lock
//! of the database that ends with its connection.

use crate::db::leadership;
use crate::error::{Error, Result};
use crate::reconcilers;
use crate::sagas;
use crate::state::State;
use saga::fault::Faults;
use saga::worker::{Timing, Worker};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long to wait after a failed pass, and before asking for the leadership again.
const REST: Duration = Duration::from_secs(2);

/// How long one pass may take: a server that is silent for ever must not hold it for ever.
const PASS_MAY_TAKE: Duration = Duration::from_mins(5);

/// Runs until `shutdown`; `faults` are asked at every step of every saga.
pub async fn run(state: Arc<State>, faults: Arc<dyn Faults>, shutdown: CancellationToken) {
    let clock = {
        let state = Arc::clone(&state);
        Arc::new(move || state.now())
    };
    let registry = sagas::registry(Arc::clone(&state)).with_faults(faults);
    let worker = Worker::new(state.pool.clone(), registry, clock, Timing::default());
    let stop = shutdown.clone();
    tokio::join!(worker.run(shutdown.cancelled()), async {
        stop.run_until_cancelled(lead(&state)).await;
    });
}

/// Reconciles while this process leads.
async fn lead(state: &Arc<State>) {
    loop {
        match leadership::take(&state.pool).await {
            Ok(Some(mut held)) => {
                tokio::select! {
                    () = reconcilers::per_engine::run(state) => {}
                    () = held.lost() => tracing::info!("the leadership was lost"),
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the leadership could not be asked for"
            ),
        }
        tokio::time::sleep(REST).await;
    }
}

/// Passes for ever; a failure is logged when it is new, and the next pass waits longer.
pub(crate) async fn forever<F: Future<Output = Result<()>>>(
    what: &str,
    every: Duration,
    mut pass: impl FnMut() -> F,
) {
    let mut failing = false;
    loop {
        let passed = tokio::time::timeout(PASS_MAY_TAKE, pass())
            .await
            .unwrap_or_else(|late| Err(Error::internal(what, late)));
        match passed {
            Ok(()) => {
                failing = false;
                tokio::time::sleep(every).await;
            }
            Err(error) => {
                if !failing {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "{what} failed, trying on"
                    );
                }
                failing = true;
                tokio::time::sleep(REST).await;
            }
        }
    }
}
