//! The admin protocol's server.

use crate::actions;
use crate::runtime::Runtime;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use m2ee::authentication;
use m2ee::codes::FORBIDDEN;
use m2ee::message::{Reply, Request};
use std::sync::Arc;

/// The longest request that is read; a configuration with many constants has some MiB.
const LONGEST_REQUEST: usize = 16 << 20;

/// Answers every path: the action is in the body.
pub fn router(runtime: Arc<Runtime>) -> Router {
    Router::new()
        .fallback(answer)
        .layer(DefaultBodyLimit::max(LONGEST_REQUEST))
        .with_state(runtime)
}

async fn answer(
    State(runtime): State<Arc<Runtime>>,
    method: Method,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let reply = match read(&runtime, &method, &headers, body) {
        Ok(request) => {
            let reply = actions::run(&runtime, &request.action, request.params).await;
            runtime.journal.debug(
                "M2EE",
                &format!("{} gave result {}", request.action, reply.result),
            );
            reply
        }
        Err(refusal) => refusal,
    };
    Json(reply).into_response()
}

fn read(
    runtime: &Runtime,
    method: &Method,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Request, Reply> {
    if !authentication::accepts(
        &runtime.settings.admin_pass,
        headers.get(authentication::HEADER),
    ) {
        return Err(Reply::refused(FORBIDDEN, "the admin password is wrong"));
    }
    if method != Method::POST {
        return Err(Reply::refused(-3, "only POST is answered"));
    }
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|value| value.starts_with("application/json")) {
        return Err(Reply::refused(
            -2,
            "the content type must be application/json",
        ));
    }
    // Whatever is wrong, the protocol's answer is a result.
    let body = body
        .map_err(|_| Reply::refused(-6, "the request is longer than 16 MiB, or came to no end"))?;
    if body.is_empty() {
        return Err(Reply::refused(-1, "the request is empty"));
    }
    serde_json::from_slice(&body).map_err(|error| Reply::refused(-6, error.to_string()))
}
