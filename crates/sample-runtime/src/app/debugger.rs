//! The debugger's address: it answers only those who know the password of this start.

use crate::runtime::Runtime;
use axum::Json;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use serde_json::json;
use std::sync::Arc;
use subtle::ConstantTimeEq;

const PASSWORD: &str = "x-debugger-password";

/// Says which instance's debugger this is.
pub async fn answer(State(runtime): State<Arc<Runtime>>, headers: HeaderMap) -> Response {
    let password = runtime.with_state(|state| state.debugger_password.clone());
    let knows = password
        .zip(presented(&headers))
        .is_some_and(|(password, presented)| {
            bool::from(password.expose_secret().as_bytes().ct_eq(&presented))
        });
    if knows {
        let instance = runtime.settings.instance_index;
        return Json(json!({ "instance": instance, "enabled": true })).into_response();
    }
    let challenge = [(
        WWW_AUTHENTICATE,
        "Basic realm=\"debugger\", charset=\"UTF-8\"",
    )];
    let body = Json(json!({ "error": "The debugger's password is missing or wrong." }));
    (StatusCode::UNAUTHORIZED, challenge, body).into_response()
}

fn presented(headers: &HeaderMap) -> Option<Vec<u8>> {
    if let Some(password) = headers.get(PASSWORD) {
        return Some(password.as_bytes().to_vec());
    }
    let basic = headers
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let decoded = STANDARD.decode(basic).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    Some(decoded[colon + 1..].to_vec())
}
