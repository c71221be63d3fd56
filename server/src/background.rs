//! What the web side does beside the requests: it forgets what is over.

use crate::state::AppState;
use control::background::task::Task;
use control::error::Error;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_mins(10);

/// Removes sessions that have ended.
pub fn sessions(app: &AppState) -> Task {
    let sessions = app.sessions.clone();
    Task::every("sessions", EVERY, move || {
        let sessions = sessions.clone();
        async move {
            let deleted = sessions.delete_expired().await;
            deleted.map_err(|error| Error::internal("removing ended sessions", error))
        }
    })
}

/// Forgets who has not asked for a while.
pub fn rate_limits(app: &AppState) -> Task {
    let limits = Arc::clone(&app.limits);
    Task::every("rate_limits", EVERY, move || {
        limits.forget_idle();
        async { Ok(()) }
    })
}
