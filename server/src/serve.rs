//! `portal serve`: the web side and the control plane in one process that keeps nothing of its own.

use crate::config::Config;
use crate::state::AppState;
use crate::web::rate_limit::RateLimits;
use crate::web::router::router;
use crate::web::session::Sessions;
use crate::{control_plane, identity};
use anyhow::{Context, Result};
use axum::serve::ListenerExt;
use leptos::config::LeptosOptions;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const SESSION_CHECK: Duration = Duration::from_secs(30);
const CLEAN_EVERY: Duration = Duration::from_mins(10);
/// How long requests may take to finish when the program stops.
const FINISH_WITHIN: Duration = Duration::from_secs(10);

/// Listens where the configuration says.
pub async fn bind(config: &Config) -> Result<TcpListener> {
    TcpListener::bind(config.portal_addr).await.with_context(|| {
        format!("PORTAL_ADDR: the portal cannot listen on {}; stop the program that does, or set PORTAL_ADDR to another address", config.portal_addr)
    })
}

/// Connects to everything, brings the database's schema up to date, and puts the state together.
pub async fn prepare(config: &Config, shutdown: CancellationToken) -> Result<AppState> {
    let control = Arc::new(control_plane::open(config).await?);
    let sessions = Sessions::new(control.pool.clone());
    sessions
        .migrate()
        .await
        .context("making the table of sessions")?;
    let (login, mxid) = identity::open(config, &control).await?;
    Ok(AppState {
        changes: control::live_updates::listen(&control.pool),
        control,
        leptos: leptos_options(config),
        sessions,
        login: Arc::new(login),
        limits: Arc::new(RateLimits::default()),
        trusted_proxies: config.trusted_proxies.as_slice().into(),
        session_check: SESSION_CHECK,
        shutdown,
        mxid,
    })
}

/// Serves, and works in the background, until `app.shutdown` is cancelled.
pub async fn run(config: &Config, app: AppState, listener: TcpListener) -> Result<()> {
    let shutdown = app.shutdown.clone();
    let background = tokio::spawn(control::background::run(
        Arc::clone(&app.control),
        Arc::new(config.fault.clone()),
        shutdown.clone(),
    ));
    let cleaning = tokio::spawn(clean(app.clone()));
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection stays with delayed sending");
        }
    });
    let pool = app.control.pool.clone();
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let serving =
        axum::serve(listener, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let stopped = async {
        shutdown.cancelled().await;
        tokio::time::sleep(FINISH_WITHIN).await;
    };
    tokio::select! {
        served = serving => served.context("serving requests")?,
        () = stopped => tracing::warn!("some requests did not finish in time and were cut off"),
    }
    shutdown.cancel();
    background.await.context("working in the background")?;
    cleaning.await.context("cleaning up")?;
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

/// Forgets sessions and counters that are over.
async fn clean(app: AppState) {
    let mut ticks = tokio::time::interval(CLEAN_EVERY);
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        app.limits.forget_idle();
        match control::packages::sweep(&app.control).await {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "removed files that belong to no package"),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "removing files that belong to no package failed"
            ),
        }
        if let Err(error) = app.sessions.delete_expired().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "removing ended sessions failed"
            );
        }
    }
}
