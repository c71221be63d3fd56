//! Refuses changes that another site asks for in a person's name.
//!
//! Leptos' server functions have no protection of their own. A request that may change something must
//! say that it comes from the portal's own pages; one that says nothing is refused as well.

use axum::extract::{Request, State};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Asked by other servers with credentials of their own, and by forms of other sites that the standard
/// provides for; no browser's cookie counts there.
const FROM_ELSEWHERE: [&str; 4] = [
    "/mxid/token",
    "/mxid/userinfo",
    "/mxid/authorize",
    "/mxid/end-session",
];

/// Lets a request pass if it is safe or comes from the portal itself.
pub async fn check(State(portal_url): State<Arc<str>>, request: Request, next: Next) -> Response {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if safe
        || FROM_ELSEWHERE.contains(&request.uri().path())
        || is_own(request.headers(), &portal_url)
    {
        return next.run(request).await;
    }
    let text = "This request was refused: it did not come from a page of this portal. Open the portal and try again there.";
    (StatusCode::FORBIDDEN, text).into_response()
}

fn is_own(headers: &HeaderMap, portal_url: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers
            .get(ORIGIN)
            .is_some_and(|origin| origin == portal_url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    #[test]
    fn who_counts_as_the_portal_itself() {
        let own = "https://portal.example.com";
        for (headers, expected) in [
            (vec![], false),
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "same-site")], false),
            (
                vec![("sec-fetch-site", "cross-site"), ("origin", own)],
                false,
            ),
            (vec![("sec-fetch-site", "none")], false),
            (vec![("origin", own)], true),
            (
                vec![("origin", "https://portal.example.com.evil.example")],
                false,
            ),
            (vec![("origin", "http://portal.example.com")], false),
            (vec![("origin", "null")], false),
        ] {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| {
                    (
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    )
                })
                .collect();
            assert_eq!(is_own(&map, own), expected, "{headers:?}");
        }
    }
}
