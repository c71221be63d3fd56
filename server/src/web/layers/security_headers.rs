//! Security headers on every answer, and the nonce that lets the page's own scripts run.
//!
//! A header that a handler has set itself stays, so that the provider's pages can be stricter.

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, Entry};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use leptos::nonce::Nonce;
use std::sync::Arc;

const FIXED: [(&str, &str); 7] = [
    (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    ),
    ("x-content-type-options", "nosniff"),
    // Forms without scripts are sent back to the page that they came from.
    ("referrer-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), clipboard-write=(self)",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
];

/// Where forms may lead besides the portal itself: signing out ends at the issuer.
#[derive(Debug, Clone)]
pub struct FormTargets(Arc<str>);

impl FormTargets {
    /// The portal, and the issuer where it is another origin.
    pub fn new(portal_url: &str, issuer_origin: &str) -> Self {
        let other = if issuer_origin == portal_url {
            ""
        } else {
            issuer_origin
        };
        Self(format!("'self' {other}").trim_end().into())
    }
}

/// Makes the nonce and sets what is not set yet.
pub async fn set(State(targets): State<FormTargets>, mut request: Request, next: Next) -> Response {
    let nonce = Nonce::new();
    request.extensions_mut().insert(nonce.clone());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        set_if_absent(
            headers,
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    set_if_absent(headers, CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(policy) = HeaderValue::from_str(&policy(&nonce, &targets)) {
        set_if_absent(headers, CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn policy(nonce: &Nonce, targets: &FormTargets) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
         manifest-src 'self'; form-action {}; base-uri 'none'; frame-ancestors 'none'",
        targets.0
    )
}

fn set_if_absent(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if let Entry::Vacant(entry) = headers.entry(name) {
        entry.insert(value);
    }
}
