//! Signing out: here first, then at the issuer.

use crate::state::AppState;
use crate::web::layers::request_id::RequestId;
use crate::web::layers::session_guard;
use crate::web::session;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

/// Ends the session on the server, then sends the browser to end the issuer's.
pub async fn sign_out(
    State(app): State<AppState>,
    Extension(id): Extension<RequestId>,
    session: Session,
    request: Request,
) -> Response {
    let request_id = &id.0;
    let ctx = match session_guard::load(&app, &session, request.extensions()).await {
        Ok(ctx) => ctx,
        Err(error) => {
            tracing::warn!(
                request_id,
                error = &*error,
                "loading the session to be ended failed"
            );
            None
        }
    };
    let id_token = match session::end(&session).await {
        Ok(id_token) => id_token,
        Err(error) => {
            tracing::error!(
                request_id,
                error = &error as &dyn std::error::Error,
                "ending a session failed"
            );
            None
        }
    };
    // After the end: who hears of it asks whether the session still holds.
    if let Some(ctx) = ctx
        && let Err(error) = control::people::sign_out(&ctx).await
    {
        tracing::error!(
            request_id,
            error = &error as &dyn std::error::Error,
            "recording a sign-out failed"
        );
    }
    match app.login.sign_out_url(id_token).await {
        Some(url) => Redirect::to(url.as_str()).into_response(),
        None => Redirect::to("/").into_response(),
    }
}
