//! The errors of forms that are sent without JavaScript: no words put into an address by others are shown.
//!
//! Such a form gets its refusal back in the address of the page that is
//! shown again. Such an address could also come from a stranger, who would then speak with the
//! portal's voice: it counts only when the browser says that a page of the portal led there.

use crate::web::local_path;
use axum::extract::{Request, State};
use axum::http::header::REFERER;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::sync::Arc;
use url::form_urlencoded;

/// What the framework and the upload put into an address: the refused function, its error, a refusal.
const ANSWERS: [&str; 3] = ["__path", "__err", "refused"];

/// Shows a page without the answer in its address, unless the portal itself led there. A form starts
/// without the answer to the try before it: its refusal goes back to the address that it came from.
pub async fn only_own(
    State(portal_url): State<Arc<str>>,
    mut request: Request,
    next: Next,
) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        forget_answers(request.headers_mut());
        return next.run(request).await;
    }
    match without_answers(request.uri()) {
        Some(plain) if !led_here(request.headers(), &portal_url) => {
            Redirect::to(&plain).into_response()
        }
        _ => next.run(request).await,
    }
}

/// Takes the answers out of the address that a request says it comes from.
fn forget_answers(headers: &mut HeaderMap) {
    let plain = headers
        .get(REFERER)
        .and_then(|referer| referer.to_str().ok())
        .and_then(|referer| referer.parse::<Uri>().ok())
        .and_then(|referer| {
            let origin = format!("{}://{}", referer.scheme()?, referer.authority()?);
            HeaderValue::try_from(origin + &without_answers(&referer)?).ok()
        });
    if let Some(plain) = plain {
        headers.insert(REFERER, plain);
    }
}

/// The address without answers; nothing if it has none.
fn without_answers(uri: &Uri) -> Option<String> {
    let (kept, dropped): (Vec<_>, Vec<_>) = form_urlencoded::parse(uri.query()?.as_bytes())
        .partition(|(name, _)| !ANSWERS.contains(&name.as_ref()));
    if dropped.is_empty() {
        return None;
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .finish();
    let path = match local_path::parse(uri.path()) {
        Some(_) => uri.path(),
        None => "/",
    };
    Some(match query.as_str() {
        "" => path.to_owned(),
        query => format!("{path}?{query}"),
    })
}

fn led_here(headers: &HeaderMap, portal_url: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers
            .get(REFERER)
            .and_then(|referer| referer.to_str().ok())
            .and_then(|referer| referer.strip_prefix(portal_url))
            .is_some_and(|rest| rest.starts_with('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_out_of_an_address() {
        for (uri, plain) in [
            ("/apps", None),
            ("/apps?after=1", None),
            ("/apps?__path=x&__err=y", Some("/apps")),
            ("/apps?after=a%26b&refused=z", Some("/apps?after=a%26b")),
            ("//evil.example/login?refused=x", Some("/")),
            ("///evil.example?refused=x&a=1", Some("/?a=1")),
            ("/\\evil.example?refused=x", Some("/")),
            ("/.//evil.example?__err=x", Some("/")),
        ] {
            let found = without_answers(&Uri::from_static(uri));
            assert_eq!(found.as_deref(), plain, "{uri}");
        }
    }

    #[test]
    fn a_form_starts_without_the_last_refusal() {
        for (from, plain) in [
            (
                "http://a.example:3000/apps/new?__path=x&__err=y&after=2",
                "http://a.example:3000/apps/new?after=2",
            ),
            ("http://a.example/apps/new", "http://a.example/apps/new"),
            ("not an address", "not an address"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(REFERER, HeaderValue::from_static(from));
            forget_answers(&mut headers);
            assert_eq!(headers[REFERER], plain);
        }
    }

    #[test]
    fn only_the_portal_s_own_pages_lead_to_an_answer() {
        let own = "https://portal.example.com";
        for (name, value, expected) in [
            ("sec-fetch-site", "same-origin", true),
            ("sec-fetch-site", "none", false),
            ("sec-fetch-site", "cross-site", false),
            ("referer", "https://portal.example.com/apps", true),
            ("referer", "https://portal.example.com.evil.example/", false),
            ("origin", own, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a value"));
            assert_eq!(led_here(&headers, own), expected, "{name}: {value}");
        }
    }
}
