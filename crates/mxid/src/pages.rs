//! The pages: plain HTML made here, one stylesheet, no script.
//!
//! Links are relative, so that the pages work under whichever path the provider is nested. Only the
//! page for unknown paths, which may lie anywhere, is told that path.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, html};

use crate::provider::Provider;

pub(crate) mod message;
pub(crate) mod sign_in;
pub(crate) mod sign_out;

const STYLE: &str = include_str!("pages/style.css");
const ICON: &str = include_str!("pages/icon.svg");

/// The stylesheet.
pub(crate) async fn style() -> impl IntoResponse {
    (
        [(
            CONTENT_TYPE,
            HeaderValue::from_static("text/css; charset=utf-8"),
        )],
        STYLE,
    )
}

/// The icon in the browser's tab.
pub(crate) async fn icon() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"))],
        ICON,
    )
}

/// There is no such path.
pub(crate) async fn not_found(State(provider): State<Arc<Provider>>) -> Response {
    let heading = "There is no such page";
    let text = "The address may be mistyped, or the page is gone. Nothing was changed.";
    let link = Link {
        href: "/",
        words: "Back to the portal",
    };
    let content = message::content(heading, text, Some(&link));
    layout_under(&provider.path, StatusCode::NOT_FOUND, heading, &content)
}

/// The path knows no such method.
pub(crate) async fn no_such_method() -> Response {
    message::page(
        StatusCode::METHOD_NOT_ALLOWED,
        "This cannot be done here",
        "The address is there, but not for this kind of request. Nothing was changed.",
    )
}

/// Where to go on from a page.
pub(crate) struct Link<'a> {
    pub(crate) href: &'a str,
    pub(crate) words: &'a str,
}

/// A whole page around its content.
fn layout(status: StatusCode, title: &str, content: &Markup) -> Response {
    layout_under("", status, title, content)
}

/// A whole page whose own files are found under `path`.
fn layout_under(path: &str, status: StatusCode, title: &str, content: &Markup) -> Response {
    (status, Html(page(path, title, content).into_string())).into_response()
}

fn page(path: &str, title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · MxID" }
                link rel="icon" type="image/svg+xml" href={ (path) "icon.svg" };
                link rel="stylesheet" href={ (path) "style.css" };
            }
            body {
                main class="stage" {
                    p class="mark" {
                        svg viewBox="0 0 24 24" aria-hidden="true" {
                            path d="M4 20V9l8-5 8 5v11" {}
                            path d="M9 20v-6h6v6" {}
                        }
                        span { "MxID" }
                    }
                    div class="card" { (content) }
                    p class="foot" { "Signs you in to the portal" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Link, message, page};

    #[test]
    fn nothing_typed_becomes_markup() {
        let typed = "<a b=\"c\">&";
        let link = Link {
            href: typed,
            words: typed,
        };
        let content = message::content(typed, typed, Some(&link));
        let html = page(typed, typed, &content).into_string();
        assert_eq!(html.matches("&lt;a b=&quot;c&quot;&gt;&amp;").count(), 7);
        assert!(!html.contains("<a b"), "{html}");
        assert!(
            message::content("Ada Löve", "", None)
                .into_string()
                .contains("Ada Löve")
        );
    }
}
