//! The engine's interface: HTTP with JSON over a unix socket that its owner alone may use.

use crate::supervisor::Supervisor;
use crate::supervisor::refusal::Kind;
use crate::words;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use domain::ids::{EnvironmentId, InstanceId};
use engine::observation::{Event, Info, LogLine, Observation};
use engine::usage::Usage;
use engine::workload::{LARGEST_WORKLOAD, Workload};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The longest that an answer waits for an event.
const LONGEST_WAIT: u32 = 60;
/// The most log lines in one answer, of each instance.
const MOST_LINES: usize = 5_000;
/// The most text of runtimes in one answer about all workloads, bytes.
const MOST_TEXT: usize = 8 << 20;
/// What the interface's answers come from.
#[derive(Clone)]
pub struct Interface {
    /// What runs.
    pub supervisor: Arc<Supervisor>,
    /// The ingress's address.
    pub ingress: String,
    /// Ends the program.
    pub ending: CancellationToken,
}

/// The routes.
pub fn router(interface: Interface) -> Router {
    Router::new()
        .route("/info", get(info))
        .route("/workloads", get(observe_all))
        .route("/workloads/{id}", put(apply).delete(remove).get(observe))
        .route("/workloads/{id}/logs", get(logs))
        .route("/usage", get(usage))
        .route("/events", get(events))
        .route("/instances/{id}/admin", post(admin))
        .route("/shutdown", post(shutdown))
        .layer(DefaultBodyLimit::max(LARGEST_WORKLOAD))
        .with_state(interface)
}

/// A refusal, as the driver reads it.
fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

async fn info(State(interface): State<Interface>) -> Json<Info> {
    Json(interface.supervisor.info(interface.ingress))
}

async fn apply(
    State(interface): State<Interface>,
    Path(id): Path<EnvironmentId>,
    Json(workload): Json<Workload>,
) -> Response {
    if workload.id != id {
        return refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "id: it is not the one in the path",
        );
    }
    match interface.supervisor.apply(workload).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            let status = match error.kind {
                Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
                Kind::Conflict => StatusCode::CONFLICT,
                Kind::NoRoom => StatusCode::INSUFFICIENT_STORAGE,
                Kind::NotNow => StatusCode::SERVICE_UNAVAILABLE,
            };
            refused(status, &error.to_string())
        }
    }
}

async fn remove(State(interface): State<Interface>, Path(id): Path<EnvironmentId>) -> StatusCode {
    interface.supervisor.remove(id).await;
    StatusCode::NO_CONTENT
}

async fn observe(
    State(interface): State<Interface>,
    Path(id): Path<EnvironmentId>,
) -> Result<Json<Observation>, StatusCode> {
    let observation = interface.supervisor.observe(id).await;
    observation.map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn observe_all(State(interface): State<Interface>) -> Json<Vec<Observation>> {
    let mut observations = interface.supervisor.observe_all().await;
    words::share_out(&mut observations, MOST_TEXT);
    Json(observations)
}

async fn usage(State(interface): State<Interface>) -> Json<Usage> {
    Json(interface.supervisor.usage())
}

#[derive(Deserialize)]
struct Tail {
    tail: Option<usize>,
}

async fn logs(
    State(interface): State<Interface>,
    Path(id): Path<EnvironmentId>,
    Query(query): Query<Tail>,
) -> Result<Json<Vec<LogLine>>, StatusCode> {
    let tail = query.tail.unwrap_or(200).min(MOST_LINES);
    let lines = interface.supervisor.logs(id, tail).await;
    lines.map(Json).ok_or(StatusCode::NOT_FOUND)
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait: u32,
}

async fn events(
    State(interface): State<Interface>,
    Query(query): Query<Since>,
) -> Json<Vec<Event>> {
    let wait = Duration::from_secs(u64::from(query.wait.min(LONGEST_WAIT)));
    let waiting = interface.supervisor.journal().after(query.after, wait);
    // An answer that waits must not hold up the end of the program.
    tokio::select! {
        events = waiting => Json(events),
        () = interface.ending.cancelled() => Json(Vec::new()),
    }
}

#[derive(Deserialize)]
struct Call {
    action: String,
    #[serde(default)]
    params: Value,
}

#[derive(Serialize)]
struct Answer {
    result: i64,
    feedback: Value,
}

async fn admin(
    State(interface): State<Interface>,
    Path(id): Path<InstanceId>,
    Json(call): Json<Call>,
) -> Response {
    match interface
        .supervisor
        .admin(id, &call.action, call.params)
        .await
    {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(Err(error)) => refused(StatusCode::BAD_GATEWAY, &error.to_string()),
        Some(Ok(reply)) => Json(Answer {
            result: reply.result,
            feedback: reply.feedback,
        })
        .into_response(),
    }
}

#[derive(Deserialize)]
struct Shutdown {
    stop_instances: bool,
}

async fn shutdown(
    State(interface): State<Interface>,
    Json(shutdown): Json<Shutdown>,
) -> StatusCode {
    let Interface {
        supervisor, ending, ..
    } = interface;
    // Not by this answer, which ends when nobody waits for it any more: a cell that has begun to
    // halt starts nothing again, so it must go all the way.
    let all_the_way = tokio::spawn(async move {
        if shutdown.stop_instances {
            supervisor.halt().await;
        }
        ending.cancel();
    });
    match all_the_way.await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
