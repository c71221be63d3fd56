//! Whether the program lives, and whether it can serve.

use axum::extract::State;
use axum::http::StatusCode;
use control::state;
use sqlx::Connection;
use std::sync::Arc;
use std::time::Duration;

const DATABASE_MAY_TAKE: Duration = Duration::from_secs(2);

/// Alive: says nothing of what the program needs.
pub async fn live() -> &'static str {
    "ok\n"
}

/// Ready: the database answers.
pub async fn ready(State(state): State<Arc<state::State>>) -> (StatusCode, &'static str) {
    let ping = async { state.pool.acquire().await?.ping().await };
    match tokio::time::timeout(DATABASE_MAY_TAKE, ping).await {
        Ok(Ok(())) => (StatusCode::OK, "ok\n"),
        Ok(Err(_)) | Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n",
        ),
    }
}
