//! What the web side does beside the requests: it forgets what is over.

use crate::state::AppState;
use control::background::task::Task;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_mins(10);

/// Removes sessions that have ended.
pub fn sessions(app: &AppState) -> Task {
    let control = Arc::clone(&app.control);
    Task::every("sessions", EVERY, move || {
        let control = Arc::clone(&control);
        async move { control::sessions::delete_expired(&control).await }
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
