//! The router: every endpoint, and what surrounds them all. The endpoints are data, so that a test can
//! walk them.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::{MethodRouter, get, post};

use crate::provider::Provider;
use crate::{
    authorization, discovery, end_session, headers, keys, pages, sign_in, token, userinfo,
};

/// The largest form that is read.
const LARGEST_FORM: usize = 16 * 1024;

/// An endpoint.
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path, relative to the issuer's.
    pub path: &'static str,
    handler: fn() -> MethodRouter<Arc<Provider>>,
}

const fn route(
    method: &'static str,
    path: &'static str,
    handler: fn() -> MethodRouter<Arc<Provider>>,
) -> Route {
    Route {
        method,
        path,
        handler,
    }
}

/// All endpoints.
pub const ROUTES: [Route; 13] = [
    route("GET", "/.well-known/openid-configuration", || {
        get(discovery::get)
    }),
    route("GET", "/keys", || get(keys::get)),
    route("GET", "/authorize", || get(authorization::get)),
    route("POST", "/authorize", || post(authorization::create)),
    route("GET", "/sign-in", || get(sign_in::get)),
    route("POST", "/sign-in", || post(sign_in::create)),
    route("POST", "/token", || post(token::create)),
    route("GET", "/userinfo", || get(userinfo::get)),
    route("POST", "/userinfo", || post(userinfo::get)),
    route("GET", "/end-session", || get(end_session::get)),
    route("POST", "/end-session", || post(end_session::create)),
    route("GET", "/style.css", || get(pages::style)),
    route("GET", "/icon.svg", || get(pages::icon)),
];

pub(crate) fn assemble(provider: Arc<Provider>) -> Router {
    let endpoints = ROUTES.iter().fold(Router::new(), |router, route| {
        router.route(route.path, (route.handler)())
    });
    endpoints
        .fallback(pages::not_found)
        .method_not_allowed_fallback(pages::no_such_method)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(map_response(headers::set))
        .with_state(provider)
}
