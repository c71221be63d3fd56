//! The pages around signing out.

use axum::response::Response;
use http::StatusCode;
use http::header::CONTENT_SECURITY_POLICY;
use maud::html;
use url::Url;

use crate::headers;
use crate::pages::{layout, message};

/// Asks before signing out, since nobody vouched for the request of this query; `target` is where a yes leads.
pub(crate) fn confirm(query: &str, target: Option<&Url>) -> Response {
    let content = html! {
        h1 { "Sign out?" }
        p class="soft" {
            "You will be signed out of MxID in this browser. \
             Applications that you are using may ask you to sign in again."
        }
        form method="post" action={ "end-session?" (query) } {
            button class="button" type="submit" { "Sign out" }
        }
    };
    let mut response = layout(StatusCode::OK, "Sign out?", &content);
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, headers::policy(target));
    response
}

/// The session is over.
pub(crate) fn done() -> Response {
    message::page(
        StatusCode::OK,
        "You are signed out",
        "You can close this window, or go back to the application to sign in again.",
    )
}
