//! Who asks: the check that every server function starts with, and the session.

use crate::error::AppError;
use leptos::prelude::*;
use views::people::Session;

/// The signed-in person.
#[server]
pub async fn get_session() -> Result<Session, AppError> {
    Ok(control::people::session(&ctx().await?))
}

/// Tells that the person is at work: going from page to page in a living portal loads no document.
#[server]
pub async fn renew_session() -> Result<(), AppError> {
    ctx().await.map(drop)
}

/// The signed-in person with the means to act, or the refusal of an anonymous caller.
#[cfg(feature = "ssr")]
#[expect(
    clippy::unused_async,
    reason = "every server function begins the same way"
)]
pub async fn ctx() -> Result<control::ctx::Ctx, AppError> {
    present_ctx().ok_or(AppError::SignedOut)
}

/// The id of the request in the log; empty outside a request.
#[cfg(feature = "ssr")]
pub fn request_id() -> String {
    present_ctx().map(|ctx| ctx.request_id).unwrap_or_default()
}

#[cfg(feature = "ssr")]
fn present_ctx() -> Option<control::ctx::Ctx> {
    use_context::<Option<control::ctx::Ctx>>().flatten()
}
