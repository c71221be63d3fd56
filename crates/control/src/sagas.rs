//! Durable operations of the product: one file each.

pub mod app_create;
pub mod app_delete;
pub mod environment_change;
pub mod parts;
mod provisioning;

use crate::error::Error;
use crate::state::State;
use parts::Parts;
use saga::error::StepError;
use saga::registry::Registry;
use std::sync::Arc;

/// The signal that tells an operation on an environment of a new observation.
pub(crate) const OBSERVED: &str = "observed";

/// Every saga of the product.
pub fn registry(state: Arc<State>) -> Registry<Parts> {
    Registry::new(Arc::new(Parts::new(state)))
        .with::<app_create::AppCreate>()
        .with::<app_delete::AppDelete>()
        .with::<environment_change::EnvironmentChange>()
}

/// What a control plane's error means to a step: what may pass is tried again.
impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable { ref text, .. } => {
                let text = text.clone();
                Self::retry(error).with_text(text)
            }
            Error::Internal { .. } => Self::retry(error).with_text(
                "A part of the platform did not do its work; the cause is in the portal's log.",
            ),
            Error::NotFound => Self::fail("What this operation works on is gone."),
            Error::Invalid(errors) => Self::fail(
                errors
                    .into_iter()
                    .map(|e| e.message)
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
            Error::Forbidden(text) | Error::Conflict(text) => Self::fail(text),
        }
    }
}
