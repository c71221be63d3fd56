//! What a request brings to the server: who asks, and the id under which the log knows it; and what leads out
//! of it: an error of the control plane in words that are safe to show.

use crate::error::{AppError, FieldError};
use control::ctx::Ctx;
use control::error::Error;
use leptos::prelude::use_context;
use std::error::Error as _;
use std::fmt::Write as _;

/// The signed-in person with the means to act, or the refusal of an anonymous caller: the check that
/// every server function starts with.
#[expect(
    clippy::unused_async,
    reason = "every server function begins the same way"
)]
pub async fn ctx() -> Result<Ctx, AppError> {
    present_ctx().ok_or(AppError::SignedOut)
}

/// The id of the request in the log; empty outside a request.
pub fn request_id() -> String {
    present_ctx().map(|ctx| ctx.request_id).unwrap_or_default()
}

fn present_ctx() -> Option<Ctx> {
    use_context::<Option<Ctx>>().flatten()
}

/// The one place where an error leaves the control plane: causes are logged here and go no further.
impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::NotFound,
            Error::Invalid(errors) => Self::Invalid {
                errors: errors
                    .into_iter()
                    .map(|error| FieldError {
                        field: error.field,
                        message: error.message,
                    })
                    .collect(),
                typed: Vec::new(),
            },
            Error::Forbidden(reason) => Self::Forbidden(reason),
            Error::Conflict(message) => Self::Conflict(message),
            Error::Unavailable { ref text, .. } => {
                let text = text.clone();
                tracing::warn!(request_id = request_id(), "{}", chain(&error));
                Self::Unavailable(text)
            }
            Error::Internal { .. } => {
                let request_id = request_id();
                tracing::error!(request_id, "{}", chain(&error));
                Self::Internal { request_id }
            }
        }
    }
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}
