//! The pages around signing out.

use axum::response::Response;
use http::StatusCode;
use maud::html;

use crate::pages::{layout, message};

/// Asks before signing out, since nobody vouched for the request.
pub(crate) fn confirm() -> Response {
    let content = html! {
        h1 { "Sign out?" }
        p class="soft" {
            "You will be signed out of MxID in this browser. \
             Applications that you are using may ask you to sign in again."
        }
        form method="post" action="end-session" {
            button class="button" type="submit" { "Sign out" }
        }
    };
    layout(StatusCode::OK, "Sign out?", &content)
}

/// The session is over.
pub(crate) fn done() -> Response {
    message::page(
        StatusCode::OK,
        "You are signed out",
        "You can close this window, or go back to the application to sign in again.",
    )
}
