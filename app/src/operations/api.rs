//! What the operation screens ask of the server.

#![expect(
    missing_docs,
    reason = "an argument of a server function is a field that cannot be documented"
)]

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::server_context;
use leptos::prelude::*;
use views::operations::{OperationDetails, OperationSummary};
use views::page::Page;

/// The company's operations, newest first.
#[server]
pub async fn list_operations(
    unfinished_only: bool,
    after: Option<String>,
) -> Result<Page<OperationSummary>, AppError> {
    let ctx = server_context::ctx().await?;
    Ok(control::operations::list(&ctx, unfinished_only, after).await?)
}

/// One operation with phases and log.
#[server]
pub async fn get_operation(operation: String) -> Result<OperationDetails, AppError> {
    let ctx = server_context::ctx().await?;
    let id = operation.parse().map_err(|_| AppError::NotFound)?;
    Ok(control::operations::get(&ctx, id).await?)
}

/// Asks for an operation to stop and to take back what it made.
#[server]
pub async fn cancel_operation(operation: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let id = operation.parse().map_err(|_| AppError::NotFound)?;
    Ok(control::operations::cancel(&ctx, id).await?)
}

/// Has the undo of a stuck operation tried once more.
#[server]
pub async fn retry_operation(operation: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let id = operation.parse().map_err(|_| AppError::NotFound)?;
    Ok(control::operations::retry(&ctx, id).await?)
}
