//! The admin protocol's server.

use crate::actions;
use crate::runtime::Runtime;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use m2ee::authentication;
use m2ee::codes::FORBIDDEN;
use m2ee::message::{Reply, Request};
use std::sync::Arc;

/// The largest request that is read, bytes.
const LARGEST: usize = 16 << 20;
/// The result of a request that could not be read.
const UNREADABLE: i64 = -6;

/// Answers every path: the action is in the body.
pub fn router(runtime: Arc<Runtime>) -> Router {
    Router::new().fallback(answer).with_state(runtime)
}

async fn answer(
    State(runtime): State<Arc<Runtime>>,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = to_bytes(body, LARGEST).await.map_err(|_| {
        let text = format!("the request is larger than {LARGEST} bytes, or was broken off");
        Reply::refused(UNREADABLE, text)
    });
    let reply = match body.and_then(|body: Bytes| read(&runtime, &method, &headers, &body)) {
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
    body: &[u8],
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
    if body.is_empty() {
        return Err(Reply::refused(-1, "the request is empty"));
    }
    serde_json::from_slice(body).map_err(|error| Reply::refused(UNREADABLE, error.to_string()))
}
