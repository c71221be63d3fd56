//! What the package screens ask of the server.

#![expect(
    missing_docs,
    reason = "an argument of a server function is a field that cannot be documented"
)]

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{apps::api::address, paths, server_context};
use leptos::prelude::*;
use views::packages::{PackageDetails, PackageList};

/// An app's packages, newest first, and what may be uploaded.
#[server]
pub async fn list_packages(app: String, after: Option<String>) -> Result<PackageList, AppError> {
    let ctx = server_context::ctx().await?;
    Ok(control::packages::list(&ctx, &address(&app)?, after).await?)
}

/// One package.
#[server]
pub async fn get_package(app: String, package: String) -> Result<PackageDetails, AppError> {
    let ctx = server_context::ctx().await?;
    let id = package.parse().map_err(|_| AppError::NotFound)?;
    Ok(control::packages::get(&ctx, &address(&app)?, id).await?)
}

/// Deletes a package that nothing runs, and goes back to the list.
#[server]
pub async fn delete_package(app: String, package: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let id = package.parse().map_err(|_| AppError::NotFound)?;
    control::packages::delete(&ctx, &address(&app)?, id).await?;
    leptos_axum::redirect(&paths::packages(&app));
    Ok(())
}
