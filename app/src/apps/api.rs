//! What the app screens ask of the server.

#![expect(
    missing_docs,
    reason = "an argument of a server function is a field that cannot be documented"
)]

use crate::error::AppError;
use crate::operations::api::OperationSummary;
#[cfg(feature = "ssr")]
use crate::{paths, server_context};
use domain::capabilities::Generation;
use domain::permissions::Access;
use domain::plans::PlanCode;
use domain::regions::RegionCode;
use domain::states::Status;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// An app in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppSummary {
    /// Its name.
    pub name: String,
    /// Its address's first label; also its address in the portal.
    pub subdomain: String,
    /// The region.
    pub region: RegionCode,
    /// Its environments, in order.
    pub environments: Vec<EnvironmentSummary>,
}

/// An environment beside its app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentSummary {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// Its status.
    pub status: Status,
    /// Its address.
    pub url: String,
    /// The live version: `Shop 2.4.1`.
    pub package: Option<String>,
    /// The last change, if it failed.
    pub last_failure: Option<String>,
}

/// A page of apps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppList {
    /// The apps.
    pub items: Vec<AppSummary>,
    /// Where the list goes on.
    pub next: Option<String>,
    /// Whether one may make an app.
    pub create: Access,
}

/// An app on its own page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppDetails {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its address's first label.
    pub subdomain: String,
    /// The domain that all apps' addresses end with.
    pub apps_domain: String,
    /// The region.
    pub region: RegionCode,
    /// The platform generation.
    pub generation: Generation,
    /// The plan of each environment.
    pub plan: PlanCode,
    /// Whether it is there, being made or being taken away.
    pub state: AppState,
    /// When it was made.
    pub created_at: i64,
    /// Its environments, in order.
    pub environments: Vec<EnvironmentCard>,
    /// Operations that are not finished.
    pub operations: Vec<OperationSummary>,
    /// Whether one may upload and delete packages.
    pub manage_packages: Access,
    /// Whether one may delete the app.
    pub delete: Access,
}

/// The life of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AppState {
    /// Being made.
    Creating,
    /// There.
    Ready,
    /// Being taken away.
    Deleting,
}

/// An environment on the app's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentCard {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// Its status.
    pub status: Status,
    /// The live version.
    pub package: Option<String>,
    /// The last change, if it failed.
    pub last_failure: Option<String>,
    /// Its address.
    pub url: String,
    /// Whether one may deploy to it now.
    pub deploy: Access,
}

/// What one may choose from when making an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Whether one may make an app at all.
    pub create: Access,
    /// Names this very form, so that sending it twice makes one app.
    pub idempotency_key: String,
    /// The company.
    pub company: String,
    /// Whether the company demands that data stays in its political region.
    pub residency_required: bool,
    /// The regions that cannot be chosen, each with the reason.
    pub refused_regions: Vec<(RegionCode, String)>,
    /// The domain that addresses end with.
    pub apps_domain: String,
    /// The port of addresses.
    pub apps_port: u16,
}

impl Offer {
    /// The address of a label.
    pub fn url(&self, label: &str) -> String {
        format!("http://{label}.{}:{}", self.apps_domain, self.apps_port)
    }

    /// Why a region cannot be chosen.
    pub fn refusal(&self, region: RegionCode) -> Option<String> {
        self.refused_regions
            .iter()
            .find(|(code, _)| *code == region)
            .map(|(_, reason)| reason.clone())
    }
}

/// The form that makes an app, as it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewApp {
    /// The name.
    pub name: String,
    /// The address's first label.
    pub subdomain: String,
    /// The region's code.
    pub region: String,
    /// The plan's code.
    pub plan: String,
    /// The platform generation.
    pub generation: String,
    /// The environments that are ticked.
    pub environments: Vec<String>,
    /// One more environment, by a name of one's own; may be empty.
    pub extra_environment: String,
    /// Names this very form.
    pub idempotency_key: String,
}

/// Whether an address can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Availability {
    /// Nobody has it.
    Free,
    /// Somebody has it.
    Taken,
}

/// The company's apps; with `here`, that app too, wherever in the list it stands.
#[server]
pub async fn list_apps(after: Option<String>, here: Option<String>) -> Result<AppList, AppError> {
    let ctx = server_context::ctx().await?;
    let after = after.map(control::page::Cursor::from_text);
    let mut list = from_control::app_list(control::apps::list(&ctx, after).await?, &ctx);
    let is_listed = |app: &String| list.items.iter().any(|known| known.subdomain == *app);
    if let Some(app) = here.filter(|app| !is_listed(app))
        && let Ok(details) = control::apps::get(&ctx, &address(&app)?).await
    {
        list.items.push(details.into());
    }
    Ok(list)
}

/// One app.
#[server]
pub async fn get_app(app: String) -> Result<AppDetails, AppError> {
    let ctx = server_context::ctx().await?;
    let details = control::apps::get(&ctx, &address(&app)?).await?;
    Ok(from_control::app_details(details, &ctx))
}

/// What one may choose from when making an app, and a key for the form.
#[server]
pub async fn get_offer() -> Result<Offer, AppError> {
    Ok(from_control::offer(&server_context::ctx().await?))
}

/// Whether an address can be had; one that breaks a rule is refused with the rule.
#[server]
pub async fn check_subdomain(subdomain: String) -> Result<Availability, AppError> {
    let ctx = server_context::ctx().await?;
    Ok(control::apps::subdomain_state(&ctx, &subdomain)
        .await?
        .into())
}

/// Starts to make an app and goes to that operation.
#[server]
pub async fn create_app(app: NewApp) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let typed = app.typed_text();
    let created = control::apps::create::create(&ctx, app.try_into()?)
        .await
        .map_err(|error| AppError::from(error).with_typed(&typed))?;
    leptos_axum::redirect(&paths::operation(&created.operation.to_string()));
    Ok(())
}

/// Starts to take an app away and goes to that operation.
#[server]
pub async fn delete_app(app: String, typed_name: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let operation = control::apps::delete::delete(&ctx, &address(&app)?, &typed_name)
        .await
        .map_err(|error| AppError::from(error).with_typed(&[("typed_name", typed_name)]))?;
    leptos_axum::redirect(&paths::operation(&operation.to_string()));
    Ok(())
}

/// The address of an app, as it is in a URL. One that breaks the rules belongs to no app.
#[cfg(feature = "ssr")]
pub fn address(text: &str) -> Result<domain::names::Subdomain, AppError> {
    domain::names::Subdomain::parse(text).map_err(|_| AppError::NotFound)
}

#[cfg(feature = "ssr")]
mod from_control;
