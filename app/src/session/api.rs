//! What every part of a page asks of the server about who is signed in.

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::server_context;
use leptos::prelude::*;
use views::people::Session;

/// The signed-in person.
#[server]
pub async fn get_session() -> Result<Session, AppError> {
    Ok(control::people::session(&server_context::ctx().await?))
}

/// Tells that the person is at work: going from page to page in a living portal loads no document.
#[server]
pub async fn renew_session() -> Result<(), AppError> {
    server_context::ctx().await.map(drop)
}
