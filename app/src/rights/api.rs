//! What the page of rights asks of the server.

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::server_context;
use leptos::prelude::*;
use views::rights::RightsGroup;

/// Every right, grouped by who has it.
#[server]
pub async fn list_rights() -> Result<Vec<RightsGroup>, AppError> {
    let ctx = server_context::ctx().await?;
    Ok(control::rights::list(&ctx).await?)
}
