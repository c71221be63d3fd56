//! Answers for what cannot be done.

use crate::runtime::Runtime;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::fmt::Display;

/// A JSON answer with a sentence for people.
pub struct Failure(pub StatusCode, pub &'static str);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// The database did not do what it should.
pub fn database(runtime: &Runtime, error: &dyn Display) -> Failure {
    runtime.journal.error("ConnectionBus", &error.to_string());
    Failure(
        StatusCode::SERVICE_UNAVAILABLE,
        "The database cannot be reached. Try again later.",
    )
}

/// The bucket did not do what it should.
pub fn bucket(runtime: &Runtime, error: &dyn Display) -> Failure {
    runtime
        .journal
        .error("FileDocumentSource", &error.to_string());
    Failure(
        StatusCode::SERVICE_UNAVAILABLE,
        "The file storage cannot be used. Try again later.",
    )
}
