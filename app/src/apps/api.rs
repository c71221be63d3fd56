//! What the app screens ask of the server.

#![expect(
    missing_docs,
    reason = "an argument of a server function is a field that cannot be documented"
)]

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{apps::choice::typed_text, paths, server_context};
use leptos::prelude::*;
use views::apps::{AppDetails, AppList, Availability, NewApp, Offer};

/// The company's apps; with `here`, that app too, wherever in the list it stands.
#[server]
pub async fn list_apps(after: Option<String>, here: Option<String>) -> Result<AppList, AppError> {
    let ctx = server_context::ctx().await?;
    let here = here.and_then(|here| address(&here).ok());
    Ok(control::apps::list_once(&ctx, after, here.as_ref()).await?)
}

/// One app.
#[server]
pub async fn get_app(app: String) -> Result<AppDetails, AppError> {
    let ctx = server_context::ctx().await?;
    Ok(control::apps::get(&ctx, &address(&app)?).await?)
}

/// What one may choose from when making an app, and a key for the form.
#[server]
pub async fn get_offer() -> Result<Offer, AppError> {
    let ctx = server_context::ctx().await?;
    Ok(control::apps::create::offer(&ctx).await?)
}

/// Whether an address can be had; one that breaks a rule is refused with the rule.
#[server]
pub async fn check_subdomain(subdomain: String) -> Result<Availability, AppError> {
    let ctx = server_context::ctx().await?;
    Ok(control::apps::availability(&ctx, &subdomain).await?)
}

/// Starts to make an app and goes to that operation.
#[server]
pub async fn create_app(app: NewApp) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let typed = typed_text(&app);
    let created = control::apps::create::create(&ctx, app)
        .await
        .map_err(|error| AppError::from(error).with_typed(&typed))?;
    leptos_axum::redirect(&paths::operation(created.operation));
    Ok(())
}

/// Starts to take an app away and goes to that operation.
#[server]
pub async fn delete_app(app: String, typed_name: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let operation = control::apps::delete::delete(&ctx, &address(&app)?, &typed_name)
        .await
        .map_err(|error| AppError::from(error).with_typed(&[("typed_name", typed_name)]))?;
    leptos_axum::redirect(&paths::operation(operation));
    Ok(())
}

/// The address of an app, as it is in a URL. One that breaks the rules belongs to no app.
#[cfg(feature = "ssr")]
pub fn address(text: &str) -> Result<domain::names::Subdomain, AppError> {
    domain::names::Subdomain::parse(text).map_err(|_| AppError::NotFound)
}
