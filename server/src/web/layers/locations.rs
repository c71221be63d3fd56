//! Where answers send a browser: to a page of the portal, whatever a handler or a library has written.
//!
//! Only signing in and out lead to other sites: to the issuer, and from the built-in provider to its clients, each of
//! which checks its addresses by itself.

use crate::web::local_path;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::LOCATION;
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

const LEAD_ELSEWHERE: [&str; 3] = ["/login", "/logout", "/mxid/"];

/// Replaces a location that leads to another site by the start page.
pub async fn check(State(portal_url): State<Arc<str>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let to_the_issuer = LEAD_ELSEWHERE.iter().any(|it| path.starts_with(it));
    let mut response = next.run(request).await;
    let Some(location) = response.headers().get(LOCATION) else {
        return response;
    };
    let may_leave = to_the_issuer && is_absolute(location);
    if !may_leave && !is_own(location, &portal_url) {
        tracing::warn!("an answer would have led to another site: it leads to the start page");
        let start = HeaderValue::from_static("/");
        response.headers_mut().insert(LOCATION, start);
    }
    response
}

fn is_own(location: &HeaderValue, portal_url: &str) -> bool {
    let Ok(text) = location.to_str() else {
        return false;
    };
    let path = text.strip_prefix(portal_url);
    // An address that is the portal's from its beginning is taken as it is: no part of it is normalised away.
    path.is_some_and(|path| path.is_empty() || path.starts_with('/'))
        || local_path::parse(text).is_some()
}

fn is_absolute(location: &HeaderValue) -> bool {
    let scheme = [&b"https://"[..], b"http://"];
    scheme.iter().any(|it| location.as_bytes().starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::{is_absolute, is_own};
    use axum::http::HeaderValue;

    #[test]
    fn the_portal_s_own_addresses_pass() {
        for (location, own) in [
            ("/apps", true),
            ("https://portal.example.com", true),
            ("https://portal.example.com/apps", true),
            ("https://portal.example.com//evil.example", true),
            ("https://portal.example.com.evil.example/", false),
            ("https://portal.example.com@evil.example/", false),
            ("https://portal.example.com:444/", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("/.//evil.example", false),
            ("https://evil.example", false),
        ] {
            let location = HeaderValue::from_static(location);
            assert_eq!(
                is_own(&location, "https://portal.example.com"),
                own,
                "{location:?}"
            );
        }
        assert!(is_absolute(&HeaderValue::from_static(
            "https://id.example.com/x"
        )));
        assert!(!is_absolute(&HeaderValue::from_static("//evil.example")));
    }
}
