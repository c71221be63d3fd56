//! Works on the operations: each replica takes runs from the database.

use super::task::Task;
use crate::sagas;
use crate::state::State;
use saga::fault::Faults;
use saga::worker::{Timing, Worker};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Ends when the program stops: runs under way are given back.
pub(super) fn task(
    state: &Arc<State>,
    faults: Arc<dyn Faults>,
    shutdown: &CancellationToken,
) -> Task {
    let (state, shutdown) = (Arc::clone(state), shutdown.clone());
    Task::endless("saga_worker", move || {
        let clock = {
            let state = Arc::clone(&state);
            Arc::new(move || state.now())
        };
        let registry = sagas::registry(Arc::clone(&state)).with_faults(Arc::clone(&faults));
        let worker = Worker::new(state.pool.clone(), registry, clock, Timing::default());
        let stop = shutdown.clone().cancelled_owned();
        async move {
            worker.run(stop).await;
            Ok(())
        }
    })
}
