//! One machine has several names for itself; the session's cookie knows only the one in `PORTAL_URL`.
//!
//! Somebody who opens `http://127.0.0.1:3000` would sign in and then not be known. A page asked for by
//! another of the machine's own names is shown under the right one. Other names are left alone: behind
//! a proxy the portal cannot know what it is called outside.

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::sync::Arc;

/// Leads to the portal's own address from the machine's other names.
pub async fn lead(State(portal_url): State<Arc<str>>, request: Request, next: Next) -> Response {
    let asked = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let elsewhere = asked.is_some_and(|asked| is_other_name(asked, &portal_url));
    // Programs ask by address on purpose; people's browsers ask for a page.
    let page = *request.method() == Method::GET && request.headers().contains_key("sec-fetch-mode");
    if elsewhere && page {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        return Redirect::temporary(&format!("{portal_url}{path}")).into_response();
    }
    next.run(request).await
}

/// Whether `asked` and the portal's own host are two names of this machine, at one port.
fn is_other_name(asked: &str, portal_url: &str) -> bool {
    let Some(own) = portal_url
        .parse::<Uri>()
        .ok()
        .and_then(|uri| uri.into_parts().authority)
    else {
        return false;
    };
    let Ok(asked) = asked.parse::<axum::http::uri::Authority>() else {
        return false;
    };
    let loopback = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    asked.host() != own.host()
        && asked.port_u16() == own.port_u16()
        && loopback(asked.host())
        && loopback(own.host())
}

#[cfg(test)]
mod tests {
    use super::is_other_name;

    #[test]
    fn only_other_names_of_this_machine_lead_elsewhere() {
        let local = "http://localhost:3000";
        for (asked, portal_url, expected) in [
            ("127.0.0.1:3000", local, true),
            ("[::1]:3000", local, true),
            ("localhost:3000", local, false),
            ("127.0.0.1:3001", local, false),
            ("portal.example.com", local, false),
            ("127.0.0.1:3000", "https://portal.example.com", false),
        ] {
            assert_eq!(
                is_other_name(asked, portal_url),
                expected,
                "{asked} for {portal_url}"
            );
        }
    }
}
