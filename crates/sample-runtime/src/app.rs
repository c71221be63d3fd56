//! What the app answers to people: the package's pages, and an API to try a platform with.

mod counter;
mod debugger;
mod failure;
mod files;
mod hostile;
mod instance;
mod trouble;

use crate::runtime::Runtime;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use std::sync::Arc;
use tower_http::services::ServeDir;

/// The app's routes.
pub fn router(runtime: Arc<Runtime>) -> Router {
    let pages = ServeDir::new(runtime.settings.app_base.join("web"));
    let hostile = if runtime.package.behaviour.hostile {
        Router::new().nest("/api/hostile", hostile::router())
    } else {
        Router::new()
    };
    Router::new()
        .merge(hostile)
        .route("/api/instance", get(instance::show))
        .route("/api/visits", get(instance::visits).post(instance::visit))
        .route("/api/counter", get(counter::show).post(counter::add))
        .route("/api/files", get(files::list))
        .route("/api/files/{name}", get(files::open).put(files::put))
        .route("/api/load", get(instance::load))
        .route("/api/echo", any(instance::echo))
        .route("/api/slow", get(trouble::slow))
        .route("/api/events", get(trouble::events))
        .route("/api/upgrade", get(trouble::upgrade))
        .route("/api/crash", post(trouble::crash))
        .route("/api/hang", post(trouble::hang))
        .route("/debugger/", any(debugger::answer))
        .route("/debugger/{*path}", any(debugger::answer))
        .fallback_service(pages)
        .layer(middleware::from_fn_with_state(runtime.clone(), count))
        .with_state(runtime)
}

async fn count(State(runtime): State<Arc<Runtime>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let counter = match path {
        _ if path.starts_with("/api/") => &runtime.statistics.api,
        _ if path.starts_with("/debugger/") => &runtime.statistics.debugger,
        _ => &runtime.statistics.pages,
    };
    counter.count();
    if runtime.package.behaviour.unready {
        let text = "The package asks for this answer (SampleRuntime.Unready).\n";
        return (StatusCode::INTERNAL_SERVER_ERROR, text).into_response();
    }
    let line = format!("{} {path}", request.method());
    let mut response = next.run(request).await;
    // Another version may be deployed at any moment.
    let headers = response.headers_mut();
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache"));
    runtime.journal.debug(
        "WebServer",
        &format!("{line} {}", response.status().as_u16()),
    );
    response
}
