//! The provider's cookies: for this host alone, over HTTPS, out of reach of scripts.

use axum_extra::extract::cookie::{Cookie, SameSite};
use http::HeaderValue;

/// The header value that sets a cookie whose value is base64url.
///
/// The name is to begin with `__Host-`, which binds it to this host and to no parent domain.
pub(crate) fn header(mut cookie: Cookie<'_>) -> HeaderValue {
    cookie.set_path("/");
    cookie.set_secure(true);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    HeaderValue::try_from(cookie.to_string()).expect("a cookie of base64url is a header value")
}
