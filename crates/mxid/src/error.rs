//! Why a page cannot be shown. The person reads a sentence; the cause goes to the log.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::limits::TooOften;
use crate::pages::{Link, message};
use crate::password::HashError;

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// The client is unknown or its address is not registered: nobody is redirected anywhere.
    #[error("the client or its address is not known")]
    UnknownClient,
    /// The authorization request is gone.
    #[error("the authorization request has expired")]
    Expired,
    /// The form is too long, no form, or no text.
    #[error("the form cannot be read")]
    UnreadableForm,
    /// The form was sent by another site.
    #[error("the form was sent by another site")]
    CrossSite,
    /// The address to go to after sign-out is not registered.
    #[error("the address after sign-out is not known")]
    UnknownPostLogout,
    /// Too many requests.
    #[error("too many requests")]
    TooOften(TooOften),
    /// The database did not answer as expected.
    #[error("the database did not answer as expected")]
    Database(#[from] sqlx::Error),
    /// The password could not be compared.
    #[error(transparent)]
    Hashing(#[from] HashError),
}

impl From<TooOften> for PageError {
    fn from(too_often: TooOften) -> Self {
        Self::TooOften(too_often)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::UnknownClient => message::page(
                StatusCode::BAD_REQUEST,
                "This sign-in cannot start",
                "The application that sent you here is not known, or asked to send you on to an \
                 address that is not registered for it. Nothing was sent to it. Tell its operator.",
            ),
            Self::Expired => message::page_with_link(
                StatusCode::BAD_REQUEST,
                "This sign-in has expired",
                "It was started too long ago, or in another way than by an application. \
                 Go back to the application and sign in from there.",
                &Link {
                    href: "/",
                    words: "Go to the portal",
                },
            ),
            Self::UnreadableForm => message::page(
                StatusCode::BAD_REQUEST,
                "This request cannot be read",
                "The application that sent you here sent no form, or too long a one. Tell its operator.",
            ),
            Self::CrossSite => message::page(
                StatusCode::FORBIDDEN,
                "This form came from another site",
                "For your safety it was not accepted. Go back to the application and start again.",
            ),
            Self::UnknownPostLogout => message::page(
                StatusCode::BAD_REQUEST,
                "You were not signed out",
                "The application asked to send you on to an address that is not registered for \
                 it. Tell its operator.",
            ),
            Self::TooOften(too_often) => message::too_often(too_often.0),
            Self::Database(_) | Self::Hashing(_) => {
                let error: &dyn std::error::Error = &self;
                tracing::error!(error, "a sign-in page could not be made");
                message::page(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Something went wrong here",
                    "It is not your fault, and nothing was changed. Try again in a minute.",
                )
            }
        }
    }
}
