//! Headers on every answer.

use axum::response::Response;
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use url::Url;

/// Adds what an answer lacks.
pub(crate) async fn set(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert_with(|| policy(None));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Under a stricter one, browsers that send no `Sec-Fetch-Site` call a form's origin `null`.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The content security policy of a page whose form may end at a client's address: browsers apply
/// `form-action` to the redirect that follows a form, too.
pub(crate) fn policy(form_ends_at: Option<&Url>) -> HeaderValue {
    let origin = form_ends_at.map(|url| format!(" {}", url.origin().ascii_serialization()));
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{}; \
         frame-ancestors 'none'; base-uri 'none'",
        origin.unwrap_or_default()
    );
    HeaderValue::try_from(policy).expect("an origin in ASCII makes a header value")
}
