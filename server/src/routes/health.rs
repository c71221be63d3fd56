//! Whether the program lives, and whether it can serve.

use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use control::state;
use sqlx::Connection;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

const DATABASE_MAY_TAKE: Duration = Duration::from_secs(2);
const GOOD_FOR: Duration = Duration::from_secs(1);

/// Alive: says nothing of what the program needs.
pub async fn live() -> &'static str {
    "ok\n"
}

/// What the database has last answered; anybody may ask, so it is asked once a second at most.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    async fn of(&self, state: &state::State) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < GOOD_FOR
        {
            return ready;
        }
        let ping = async { state.pool.acquire().await?.ping().await };
        let answer = tokio::time::timeout(DATABASE_MAY_TAKE, ping).await;
        let ready = matches!(answer, Ok(Ok(())));
        *last = Some((Instant::now(), ready));
        ready
    }
}

/// Ready: the database answers.
pub async fn ready(State(app): State<AppState>) -> (StatusCode, &'static str) {
    if app.readiness.of(&app.control).await {
        (StatusCode::OK, "ok\n")
    } else {
        let text = "the database does not answer\n";
        (StatusCode::SERVICE_UNAVAILABLE, text)
    }
}
