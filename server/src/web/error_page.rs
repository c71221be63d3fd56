//! A plain page for what happens outside the app: sign-in refused, a file that is not there.

use axum::http::{Extensions, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use control::error::Error;
use leptos::nonce::Nonce;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::error::Error as _;

/// What the page says.
#[derive(Debug)]
pub struct ErrorPage {
    /// The status of the answer.
    pub status: StatusCode,
    /// The heading.
    pub title: &'static str,
    /// What happened and what to do.
    pub text: String,
    /// Where to go on: address and words.
    pub action: (&'static str, &'static str),
}

impl ErrorPage {
    /// Something needed does not answer.
    pub fn unavailable(text: impl Into<String>) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            title: "Not available",
            text: text.into(),
            action: ("/", "Try again"),
        }
    }

    /// What an error of the control plane says; its causes go to the log.
    pub fn from_error(error: &Error, request_id: &str) -> Self {
        let (status, title, text) = match error {
            Error::NotFound => (
                StatusCode::NOT_FOUND,
                "Not found",
                "There is no such thing, or you have no access to it.".to_owned(),
            ),
            Error::Invalid(fields) => {
                let text: Vec<&str> = fields.iter().map(|field| field.message.as_str()).collect();
                (
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "Not accepted",
                    text.join(" "),
                )
            }
            Error::Forbidden(reason) => (StatusCode::FORBIDDEN, "Not allowed", reason.clone()),
            Error::Conflict(text) => (StatusCode::CONFLICT, "Not now", text.clone()),
            Error::Unavailable { text, source } => {
                tracing::warn!(
                    request_id,
                    error = source
                        .as_deref()
                        .map(|source| source as &dyn std::error::Error),
                    "{text}"
                );
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Not available",
                    text.clone(),
                )
            }
            Error::Internal { doing, .. } => {
                tracing::error!(request_id, error = error.source(), "failed {doing}");
                let text = format!(
                    "Something went wrong in the portal itself. Try again; if it happens again, tell your administrator the request id {request_id}."
                );
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Something went wrong",
                    text,
                )
            }
        };
        Self {
            status,
            title,
            text,
            action: ("/", "Back to your apps"),
        }
    }

    /// The answer to the request with these extensions.
    pub fn answer(&self, extensions: &Extensions) -> Response {
        let nonce = extensions
            .get::<Nonce>()
            .map(ToString::to_string)
            .unwrap_or_default();
        (self.status, Html(self.html(&nonce).into_string())).into_response()
    }

    fn html(&self, nonce: &str) -> Markup {
        let (href, words) = self.action;
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    title { (self.title) " · Cloud Portal" }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    link rel="icon" href="/mark.svg" type="image/svg+xml";
                    style nonce=(nonce) { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        h1 { (self.title) }
                        p { (self.text) }
                        p { a href=(href) { (words) } }
                    }
                }
            }
        }
    }
}

const STYLE: &str = ":root{color-scheme:light dark}\
    body{margin:0;min-height:100vh;display:grid;place-items:center;font:1rem/1.5 system-ui,sans-serif;\
    background:light-dark(#f6f7f8,#101214);color:light-dark(#16191d,#e8eaed)}\
    main{max-width:28rem;margin:1rem;padding:2rem;border-radius:.75rem;\
    background:light-dark(#fff,#181b1f);border:1px solid light-dark(#dfe3e8,#2b3036)}\
    h1{margin:0 0 .5rem;font-size:1.25rem}p{margin:.75rem 0 0}\
    a{color:light-dark(#0b57c2,#8ab8ff)}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_never_becomes_markup() {
        let html = ErrorPage::unavailable("<script>alert(\"1\")</script> & more")
            .html("n")
            .into_string();
        assert!(
            html.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; more"),
            "{html}"
        );
        assert!(!html.contains("<script"));
    }
}
