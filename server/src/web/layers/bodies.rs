//! Bodies of forms and server functions: taken in whole before anybody works with them, and never large.

use crate::web::error_page::ErrorPage;
use crate::web::layers::session_guard::{asks_a_script, in_json_as};
use app::error::{AppError, FieldError};
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::LengthLimitError;
use std::error::Error;

/// Bytes; uploads have the limit that the admin sets.
const AT_MOST: usize = 64 << 10;

/// Refuses a body that is too large, by its head where that says so, or that breaks off.
pub async fn take_in(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let too_large = u64::try_from(AT_MOST).is_ok_and(|most| body.size_hint().lower() > most);
    let read = if too_large {
        Err(StatusCode::PAYLOAD_TOO_LARGE)
    } else {
        to_bytes(body, AT_MOST).await.map_err(|error| {
            if matches!(error.source(), Some(it) if it.is::<LengthLimitError>()) {
                StatusCode::PAYLOAD_TOO_LARGE
            } else {
                StatusCode::BAD_REQUEST
            }
        })
    };
    let status = match read {
        Ok(bytes) => {
            return next
                .run(Request::from_parts(parts, Body::from(bytes)))
                .await;
        }
        Err(status) => status,
    };
    let text = if status == StatusCode::PAYLOAD_TOO_LARGE {
        "This form is larger than 64 KiB. Send less."
    } else {
        "This request broke off, or came too slowly. Send it again."
    };
    if asks_a_script(&parts.headers) {
        let errors = vec![FieldError {
            field: "form".to_owned(),
            message: text.to_owned(),
        }];
        let typed = Vec::new();
        return in_json_as(status, &AppError::Invalid { errors, typed });
    }
    let page = ErrorPage {
        status,
        title: "Not accepted",
        text: text.to_owned(),
        action: ("/", "Back to your apps"),
    };
    page.answer(&parts.extensions)
}
