//! What is said of a sign-in that failed: to the person, and in the log.

use crate::routes::login::client::SignInError;
use crate::web::error_page::ErrorPage;
use axum::http::StatusCode;

impl SignInError {
    /// What the person reads.
    pub(super) fn page(&self) -> ErrorPage {
        let again = ("/login", "Sign in");
        match self {
            Self::Unreachable(_) => ErrorPage::unavailable("The service that signs people in does not answer. Running apps are not affected; try again in a moment."),
            Self::Session(_) => ErrorPage::unavailable("The portal's database does not answer. Running apps are not affected; try again in a moment."),
            Self::Control(error) => ErrorPage::from_error(error, ""),
            Self::NotBegunHere | Self::CodeRefused => ErrorPage {
                status: StatusCode::BAD_REQUEST,
                title: "Sign in again",
                text: "This sign-in was not begun in this browser, or too long ago.".to_owned(),
                action: again,
            },
            Self::NoCookies => ErrorPage {
                status: StatusCode::BAD_REQUEST,
                title: "Cookies are needed",
                text: "Your browser did not send back the cookie that this sign-in was begun with. Allow cookies for this portal, then sign in again. If you began in another browser, go on there.".to_owned(),
                action: again,
            },
            Self::Declined => ErrorPage {
                status: StatusCode::FORBIDDEN,
                title: "Not signed in",
                text: "The sign-in was not completed.".to_owned(),
                action: again,
            },
            Self::Unproven { claim, why } => ErrorPage {
                status: StatusCode::BAD_REQUEST,
                title: "Not signed in",
                text: format!("The answer of the service that signs people in could not be proven to be genuine: `{claim}` {why}. Try again; if it happens again, tell whoever runs this portal."),
                action: again,
            },
            Self::Misfit(_) => ErrorPage {
                status: StatusCode::BAD_GATEWAY,
                title: "Not signed in",
                text: "The service that signs people in and this portal are not set up for each other. Nothing is wrong with your account; tell whoever runs this portal.".to_owned(),
                action: again,
            },
            Self::Refused(reason) => ErrorPage {
                status: StatusCode::FORBIDDEN,
                title: "No access",
                text: reason.clone(),
                action: ("/login?again=1", "Sign in as someone else"),
            },
        }
    }

    /// One line for the operator; never a value out of a token.
    pub(super) fn log(&self, request_id: &str) {
        match self {
            Self::NotBegunHere
            | Self::NoCookies
            | Self::CodeRefused
            | Self::Declined
            | Self::Refused(_) => {
                tracing::info!(request_id, "sign-in ended: {self}");
            }
            Self::Unreachable(_)
            | Self::Misfit(_)
            | Self::Session(_)
            | Self::Control(_)
            | Self::Unproven { .. } => {
                tracing::warn!(
                    request_id,
                    error = self as &dyn std::error::Error,
                    "sign-in failed"
                );
            }
        }
    }
}
