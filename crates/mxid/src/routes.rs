//! The router: every endpoint, and what surrounds them all.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::{get, post};

use crate::provider::Provider;
use crate::{
    authorization, discovery, end_session, headers, keys, pages, sign_in, token, userinfo,
};

/// The largest form that is read.
const LARGEST_FORM: usize = 16 * 1024;

/// All endpoints, relative to the issuer's path.
pub(crate) fn assemble(provider: Arc<Provider>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::get))
        .route("/keys", get(keys::get))
        .route("/authorize", get(authorization::create))
        .route("/sign-in", get(sign_in::get).post(sign_in::create))
        .route("/token", post(token::create))
        .route("/userinfo", get(userinfo::get).post(userinfo::get))
        .route(
            "/end-session",
            get(end_session::get).post(end_session::create),
        )
        .route("/style.css", get(pages::style))
        .route("/icon.svg", get(pages::icon))
        .fallback(pages::not_found)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(map_response(headers::set))
        .with_state(provider)
}
