//! What a hostile app does to the platform it runs on, one kind of attack a request.
//!
//! Only a package that asks for it (`SampleRuntime.Hostile`) offers these routes, so that a platform can be tried: each
//! takes as much as is asked of one thing, keeps it for a while, and tells how far it came and what stopped it.

mod database;
mod machine;

use crate::runtime::Runtime;
use axum::Json;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::post;
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

const LONGEST_HOLD: Duration = Duration::from_mins(10);

/// How much is taken, and how long what was taken is kept.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Attack {
    /// Bytes, or a number of things.
    amount: u64,
    #[serde(default)]
    hold_ms: u64,
}

impl Attack {
    async fn hold(self) {
        let time = Duration::from_millis(self.hold_ms);
        tokio::time::sleep(time.min(LONGEST_HOLD)).await;
    }
}

/// How far an attack came.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    /// What was taken, in the unit of the amount.
    done: u64,
    /// What stopped it, if it was not the amount.
    stopped_by: Option<String>,
}

impl Outcome {
    fn stopped(done: u64, reason: &dyn Display) -> Self {
        Self {
            done,
            stopped_by: Some(reason.to_string()),
        }
    }

    fn whole(done: u64) -> Self {
        Self {
            done,
            stopped_by: None,
        }
    }
}

/// The routes below `/api/hostile`.
pub fn router() -> Router<Arc<Runtime>> {
    Router::new()
        .route("/files", post(files))
        .route("/scratch", post(scratch))
        .route("/log", post(log))
        .route("/log-without-ends", post(log_without_ends))
        .route("/memory", post(memory))
        .route("/rows", post(rows))
        .route("/sort", post(sort))
        .route("/warnings", post(warnings))
        .route("/notifications", post(notifications))
        .route("/locks", post(locks))
        .route("/connections", post(connections))
}

async fn files(State(runtime): State<Arc<Runtime>>, Query(attack): Query<Attack>) -> Json<Outcome> {
    let folder = runtime.settings.app_base.join("data/files");
    Json(machine::fill(folder, attack.amount).await)
}

async fn scratch(Query(attack): Query<Attack>) -> Json<Outcome> {
    Json(machine::fill(std::env::temp_dir(), attack.amount).await)
}

async fn log(Query(attack): Query<Attack>) -> Json<Outcome> {
    Json(machine::print(attack.amount, b'\n').await)
}

async fn log_without_ends(Query(attack): Query<Attack>) -> Json<Outcome> {
    Json(machine::print(attack.amount, b'x').await)
}

async fn memory(Query(attack): Query<Attack>) -> Json<Outcome> {
    let taken = machine::take_memory(attack.amount).await;
    attack.hold().await;
    Json(Outcome::whole(taken.iter().map(|it| it.len() as u64).sum()))
}

async fn rows(State(runtime): State<Arc<Runtime>>, Query(attack): Query<Attack>) -> Json<Outcome> {
    Json(database::rows(&runtime, attack).await)
}

async fn sort(State(runtime): State<Arc<Runtime>>, Query(attack): Query<Attack>) -> Json<Outcome> {
    Json(database::sort(&runtime, attack).await)
}

async fn warnings(
    State(runtime): State<Arc<Runtime>>,
    Query(attack): Query<Attack>,
) -> Json<Outcome> {
    Json(database::warnings(&runtime, attack).await)
}

async fn notifications(
    State(runtime): State<Arc<Runtime>>,
    Query(attack): Query<Attack>,
) -> Json<Outcome> {
    Json(database::notifications(&runtime, attack).await)
}

async fn locks(State(runtime): State<Arc<Runtime>>, Query(attack): Query<Attack>) -> Json<Outcome> {
    Json(database::locks(&runtime, attack).await)
}

async fn connections(
    State(runtime): State<Arc<Runtime>>,
    Query(attack): Query<Attack>,
) -> Json<Outcome> {
    Json(database::connections(&runtime, attack).await)
}
