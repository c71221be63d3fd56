//! Signing out: here first, then at the issuer.

use crate::guard;
use crate::request_id::RequestId;
use crate::session;
use crate::state::AppState;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

/// Ends the session on the server, then sends the browser to end the issuer's.
pub async fn sign_out(
    State(app): State<AppState>,
    Extension(id): Extension<RequestId>,
    session: Session,
) -> Response {
    match guard::load(&app, &session, id.0.clone()).await {
        Ok(Some(ctx)) => {
            if let Err(error) = control::people::sign_out(&ctx).await {
                tracing::error!(
                    request_id = id.0,
                    error = &error as &dyn std::error::Error,
                    "recording a sign-out failed"
                );
            }
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(
            request_id = id.0,
            error = &*error,
            "loading the session to be ended failed"
        ),
    }
    let id_token = match session::end(&session).await {
        Ok(id_token) => id_token,
        Err(error) => {
            tracing::error!(
                request_id = id.0,
                error = &error as &dyn std::error::Error,
                "ending a session failed"
            );
            None
        }
    };
    match app.login.sign_out_url(id_token).await {
        Some(url) => Redirect::to(url.as_str()).into_response(),
        None => Redirect::to("/").into_response(),
    }
}
