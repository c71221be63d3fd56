//! What the page of rights asks of the server.

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::request;
use leptos::prelude::*;
use views::rights::RightsGroup;

/// Every right, grouped by who has it.
#[server]
pub async fn list_rights() -> Result<Vec<RightsGroup>, AppError> {
    let ctx = request::ctx().await?;
    Ok(control::rights::list(&ctx).await?)
}
