//! What the environment screens ask of the server.

#![expect(
    missing_docs,
    reason = "an argument of a server function is a field that cannot be documented"
)]

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{apps::api::address, paths, server_context};
#[cfg(feature = "ssr")]
use control::error::Error;
#[cfg(feature = "ssr")]
use domain::scaling::Scale;
use leptos::prelude::*;
use views::environments::{Debugger, EnvironmentDetails};

/// One environment.
#[server]
pub async fn get_environment(
    app: String,
    environment: String,
) -> Result<EnvironmentDetails, AppError> {
    let ctx = server_context::ctx().await?;
    Ok(control::environments::get(&ctx, &address(&app)?, &environment).await?)
}

/// Deploys a package and goes back to the environment, where it can be watched.
#[server]
pub async fn deploy_environment(
    app: String,
    environment: String,
    #[server(default)] package: String,
) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let package = package
        .parse()
        .map_err(|_| Error::invalid("package", "Choose one of this app's packages."))?;
    control::environments::desired_change::deploy(&ctx, &address(&app)?, &environment, package)
        .await?;
    leptos_axum::redirect(&paths::environment(&app, &environment));
    Ok(())
}

/// Starts an environment.
#[server]
pub async fn start_environment(app: String, environment: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    control::environments::desired_change::start(&ctx, &address(&app)?, &environment).await?;
    Ok(())
}

/// Stops an environment after its last requests.
#[server]
pub async fn stop_environment(app: String, environment: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    control::environments::desired_change::stop(&ctx, &address(&app)?, &environment).await?;
    Ok(())
}

/// Replaces the instances of an environment one after another.
#[server]
pub async fn restart_environment(app: String, environment: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    control::environments::desired_change::restart(&ctx, &address(&app)?, &environment).await?;
    Ok(())
}

/// Changes number and memory of an environment's instances.
#[server]
pub async fn scale_environment(
    app: String,
    environment: String,
    #[server(default)] instances: String,
    #[server(default)] memory_mib: String,
) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let app = address(&app)?;
    let change = async {
        let scale = Scale::parse(&instances, &memory_mib)?;
        control::environments::desired_change::scale(&ctx, &app, &environment, scale).await
    };
    let typed = [
        ("instances", instances.clone()),
        ("memory_mib", memory_mib.clone()),
    ];
    let refused = |error: Error| AppError::from(error).with_typed(&typed);
    change.await.map(drop).map_err(refused)
}

/// The debugger of an environment, as its running instances describe it.
#[server]
pub async fn get_debugger(app: String, environment: String) -> Result<Debugger, AppError> {
    let ctx = server_context::ctx().await?;
    Ok(control::environments::debugger::get(&ctx, &address(&app)?, &environment).await?)
}

/// The debugger's password. That it was shown is kept in the audit.
#[server]
pub async fn reveal_debugger_password(
    app: String,
    environment: String,
) -> Result<String, AppError> {
    use secrecy::ExposeSecret as _;
    let ctx = server_context::ctx().await?;
    let secret =
        control::environments::debugger::reveal_password(&ctx, &address(&app)?, &environment)
            .await?;
    Ok(secret.expose_secret().to_owned())
}

/// Chooses the instance that the debugger's address leads to.
#[server]
pub async fn choose_debugger_instance(
    app: String,
    environment: String,
    instance: u16,
) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let address = address(&app)?;
    control::environments::debugger::choose_instance(&ctx, &address, &environment, instance)
        .await?;
    Ok(())
}
