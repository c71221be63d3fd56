//! `portal serve`: the web side and the control plane in one process that keeps nothing of its own.

use crate::background;
use crate::config::Config;
use crate::state::AppState;
use crate::web::connections::{self, ConnectionLimits};
use crate::web::rate_limit::RateLimits;
use crate::web::router::router;
use crate::web::session::store::Sessions;
use crate::{control_plane, descriptors, identity};
use anyhow::{Context, Result};
use control::background::Background;
use leptos::config::LeptosOptions;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const SESSION_CHECK: Duration = Duration::from_secs(30);

/// Listens where the configuration says.
pub async fn bind(config: &Config) -> Result<TcpListener> {
    TcpListener::bind(config.portal_addr).await.with_context(|| {
        format!("PORTAL_ADDR: the portal cannot listen on {}; stop the program that does, or set PORTAL_ADDR to another address", config.portal_addr)
    })
}

/// Connects to everything, brings the database's schema up to date, and puts the state together.
pub async fn prepare(config: &Config, shutdown: CancellationToken) -> Result<AppState> {
    let control = Arc::new(control_plane::open(config).await?);
    let sessions = Sessions::new(Arc::clone(&control));
    let (login, mxid) = identity::open(config, &control).await?;
    Ok(AppState {
        changes: control::live_updates::channel(),
        control,
        leptos: leptos_options(config),
        sessions,
        login: Arc::new(login),
        limits: Arc::new(RateLimits::default()),
        readiness: Arc::default(),
        trusted_proxies: config.trusted_proxies.as_slice().into(),
        session_check: SESSION_CHECK,
        shutdown,
        mxid,
    })
}

/// Serves, and works in the background, until `app.shutdown` is cancelled.
pub async fn run(config: &Config, app: AppState, listener: TcpListener) -> Result<()> {
    let shutdown = app.shutdown.clone();
    let tasks = Background::new(Arc::clone(&app.control))
        .with_product(Arc::new(config.fault.clone()))
        .following(&app.changes)
        .with(control::live_updates::task(
            &app.control.pool,
            &app.changes,
            &shutdown,
        ))
        .with(background::sessions(&app))
        .with(background::rate_limits(&app));
    let background = tokio::spawn(tasks.run(shutdown.clone()));
    let pool = app.control.pool.clone();
    let limits = ConnectionLimits::for_files(descriptors::raise_limit());
    let trusted = Arc::clone(&app.trusted_proxies);
    connections::serve(listener, router(app), limits, trusted, shutdown).await;
    background.await.context("working in the background")?;
    pool.close().await;
    Ok(())
}

/// Where pages find their scripts: cargo-leptos leaves the names beside the program when it hashes them.
fn leptos_options(config: &Config) -> LeptosOptions {
    let program = std::env::current_exe().unwrap_or_default();
    let hashed = program
        .parent()
        .is_some_and(|folder| folder.join("hash.txt").exists());
    LeptosOptions::builder()
        .output_name("portal")
        .site_root(config.site.to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .hash_files(hashed)
        .build()
}
