//! What a request brings to the server: who asks, and the id under which the log knows it.

mod errors;

use crate::error::AppError;
use control::ctx::Ctx;
use leptos::prelude::use_context;

/// The signed-in person with the means to act, or the refusal of an anonymous caller: the check that
/// every server function starts with.
#[expect(
    clippy::unused_async,
    reason = "every server function begins the same way"
)]
pub async fn ctx() -> Result<Ctx, AppError> {
    present_ctx().ok_or(AppError::SignedOut)
}

/// The id of the request in the log; empty outside a request.
pub fn request_id() -> String {
    present_ctx().map(|ctx| ctx.request_id).unwrap_or_default()
}

fn present_ctx() -> Option<Ctx> {
    use_context::<Option<Ctx>>().flatten()
}
