//! What the operator's page asks of the server.

#![expect(
    missing_docs,
    reason = "an argument of a server function is a field that cannot be documented"
)]

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::server_context;
use leptos::prelude::*;
use views::operator::OperatorPage;

/// Everything of the page.
#[server]
pub async fn get_operator_page() -> Result<OperatorPage, AppError> {
    let ctx = server_context::ctx().await?;
    Ok(control::operator::get(&ctx).await?)
}

/// Has a search begin for what no row knows.
#[server]
pub async fn search_orphans() -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    Ok(control::operator::search_orphans(&ctx).await?)
}

/// Has something removed that no row knows.
#[server]
pub async fn remove_orphan(orphan: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let id = orphan.parse().map_err(|_| AppError::NotFound)?;
    Ok(control::operator::remove_orphan(&ctx, id).await?)
}
