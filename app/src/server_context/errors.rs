//! The one place where an error leaves the control plane: causes are logged here and go no further.

use super::request_id;
use crate::error::{AppError, FieldError};
use control::error::Error;
use std::error::Error as _;
use std::fmt::Write as _;

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
