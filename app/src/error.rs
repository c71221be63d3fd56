//! What a server function answers when it does not do what was asked.
//!
//! The texts are for people and safe to show. With JavaScript off the error travels in the address
//! of the page that is shown again, and with it the text that was typed, so that no form is ever
//! emptied by its own refusal.

pub mod view;

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::{Bytes, Decodes};
use serde::{Deserialize, Serialize};

/// The longest typed text that is handed back: the error travels in an address.
const TYPED_AT_MOST: usize = 500;

/// Stands for the form as a whole where a field is named.
const FORM: &str = "form";

/// A refused form field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field, as it is called in the form.
    pub field: String,
    /// Rule and remedy.
    pub message: String,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum AppError {
    /// There is no such thing, or the person must not know of it.
    #[error("There is no such page or thing, or you have no access to it.")]
    NotFound,
    /// Some fields were refused.
    #[error("Some fields need another value.")]
    Invalid {
        /// The refused fields.
        errors: Vec<FieldError>,
        /// What was typed, by field.
        typed: Vec<(String, String)>,
    },
    /// The person may not; says what is missing and who grants it.
    #[error("{0}")]
    Forbidden(String),
    /// It does not fit the present state; says why and what to do.
    #[error("{0}")]
    Conflict(String),
    /// Something needed does not answer; says what.
    #[error("{0}")]
    Unavailable(String),
    /// The portal's own fault; the log knows more under this id.
    #[error("Something went wrong in the portal itself. Nothing you did is to blame.")]
    Internal {
        /// The id of the request in the log.
        request_id: String,
    },
    /// The session has ended.
    #[error("You are signed out. Sign in again to go on.")]
    SignedOut,
}

impl AppError {
    /// The same error, with the typed text of a form where fields were refused.
    #[must_use]
    pub fn with_typed(self, fields: &[(&'static str, String)]) -> Self {
        match self {
            Self::Invalid { errors, .. } => Self::Invalid {
                errors,
                typed: fields
                    .iter()
                    .map(|(field, text)| {
                        (
                            (*field).to_owned(),
                            text.chars().take(TYPED_AT_MOST).collect(),
                        )
                    })
                    .collect(),
            },
            other => other,
        }
    }

    /// The message for a field, if it was refused.
    pub fn field(&self, field: &str) -> Option<String> {
        match self {
            Self::Invalid { errors, .. } => errors
                .iter()
                .find(|error| error.field == field)
                .map(|error| error.message.clone()),
            _ => None,
        }
    }

    /// What was typed into a field of the refused form.
    pub fn typed(&self, field: &str) -> Option<String> {
        match self {
            Self::Invalid { typed, .. } => typed
                .iter()
                .find(|(name, _)| name == field)
                .map(|(_, text)| text.clone()),
            _ => None,
        }
    }

    /// The message for a field as long as the text in it is the one that was refused.
    pub fn field_with(&self, field: &str, text: &str) -> Option<String> {
        let sent = self.typed(field)?;
        let same = text.chars().take(TYPED_AT_MOST).eq(sent.chars());
        self.field(field).filter(|_| same)
    }

    /// What to say above a form that shows errors at the fields `shown`: everything said nowhere else.
    pub fn beside_fields(&self, shown: &[&str]) -> Option<String> {
        match self {
            Self::Invalid { errors, .. } => {
                let rest: Vec<&str> = errors
                    .iter()
                    .filter(|error| !shown.contains(&error.field.as_str()))
                    .map(|error| error.message.as_str())
                    .collect();
                (!rest.is_empty()).then(|| rest.join(" "))
            }
            Self::Internal { request_id } if !request_id.is_empty() => {
                Some(format!("{self} Request {request_id}."))
            }
            other => Some(other.to_string()),
        }
    }

    /// A short name of what happened, for a title.
    pub fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Invalid { .. } => "Not accepted",
            Self::Forbidden(_) => "Not allowed",
            Self::Conflict(_) => "Not now",
            Self::Unavailable(_) => "Not available",
            Self::Internal { .. } => "Something went wrong",
            Self::SignedOut => "Signed out",
        }
    }

    /// What can be done about it, where the text itself does not say.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::NotFound => Some("Check the address, or go back to your apps."),
            Self::Internal { .. } => {
                Some("Try again. If it happens again, tell your administrator the request id.")
            }
            _ => None,
        }
    }

    /// Whether the same question may be answered a moment later.
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Internal { .. })
    }

    /// The id of the request in the log, for the portal's own faults.
    pub fn request_id(&self) -> Option<String> {
        match self {
            Self::Internal { request_id } if !request_id.is_empty() => Some(request_id.clone()),
            _ => None,
        }
    }
}

impl AppError {
    /// What was sent is no form of this release's.
    pub fn outdated() -> Self {
        Self::Invalid {
            errors: vec![FieldError {
                field: FORM.to_owned(),
                message: "The portal has been updated since this page was opened, or the form is damaged. Reload the page and try again.".to_owned(),
            }],
            typed: Vec::new(),
        }
    }

    /// No answer of the portal's has come.
    fn unreachable() -> Self {
        Self::Unavailable(
            "The portal cannot be reached. Check your connection and try again.".to_owned(),
        )
    }

    /// The status of an answer that carries this error.
    #[cfg(feature = "ssr")]
    pub fn status(&self) -> http::StatusCode {
        use http::StatusCode;
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid { errors, .. } if errors.iter().any(|it| it.field == FORM) => {
                StatusCode::BAD_REQUEST
            }
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
        }
    }

    /// Lets the answer to a page load carry the status that fits the error.
    #[cfg(feature = "ssr")]
    pub(crate) fn set_status(&self) {
        if let Some(response) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>() {
            response.set_status(self.status());
        }
    }

    /// In the browser there is no answer left to mark.
    #[cfg(not(feature = "ssr"))]
    #[expect(
        clippy::unused_self,
        reason = "the server's side of this function uses it"
    )]
    pub(crate) fn set_status(&self) {}
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    /// The error that an answer carries. One that carries none is not the portal's: a proxy says for itself that
    /// the portal is away.
    fn de(data: Bytes) -> Self {
        JsonEncoding::decode(data).unwrap_or_else(|_| Self::unreachable())
    }

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => Self::unreachable(),
            // A page of before an upgrade sends other arguments, and reads other answers.
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => Self::outdated(),
            _ => Self::Internal {
                request_id: String::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> AppError {
        AppError::Invalid {
            errors: ["name", "idempotency_key"]
                .map(|field| FieldError {
                    field: field.to_owned(),
                    message: format!("Not this {field}."),
                })
                .to_vec(),
            typed: Vec::new(),
        }
    }

    #[test]
    fn typed_text_comes_back_and_never_bursts_an_address() {
        let long = "é".repeat(5000);
        let error = refused().with_typed(&[("name", "Sh<op".to_owned()), ("subdomain", long)]);
        assert_eq!(error.typed("name").as_deref(), Some("Sh<op"));
        assert_eq!(
            error.typed("subdomain").map(|text| text.chars().count()),
            Some(TYPED_AT_MOST)
        );
        assert_eq!(AppError::de(error.ser()), error);
    }

    #[test]
    fn an_answer_of_a_proxy_passes_and_one_of_another_release_does_not() {
        for body in ["", "<html><h1>502 Bad Gateway</h1></html>", "{}"] {
            let error = AppError::de(Bytes::from(body));
            assert!(error.passes(), "{body}: {error:?}");
        }
        let undecoded = ServerFnErrorErr::Deserialization("x".to_owned());
        assert!(!AppError::from_server_fn_error(undecoded).passes());
    }

    #[test]
    fn nothing_is_said_twice_and_nothing_is_left_unsaid() {
        let error = refused();
        assert_eq!(error.field("name").as_deref(), Some("Not this name."));
        assert_eq!(
            error.beside_fields(&["name"]).as_deref(),
            Some("Not this idempotency_key.")
        );
        assert_eq!(error.beside_fields(&["name", "idempotency_key"]), None);
        assert_eq!(
            AppError::Conflict("Stop it first.".to_owned())
                .beside_fields(&["name"])
                .as_deref(),
            Some("Stop it first.")
        );
    }
}
