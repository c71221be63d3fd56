//! A small server in the place of a Mendix runtime.
//!
//! It speaks the admin protocol, keeps a counter in `PostgreSQL` and files in the bucket, and serves
//! the package's `web/`. It runs no model: what it is for is to be started, watched, moved and
//! killed by a platform, and to let people see which instance answers them.

mod actions;
mod admin;
mod app;
mod configuration;
mod database;
mod journal;
mod listen;
mod package;
mod runtime;
mod settings;
mod starting;
mod statistics;

use anyhow::Context;
use clap::Parser;
use package::Package;
use runtime::Runtime;
use settings::Settings;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// The admin address is taken.
const ADMIN_ADDRESS_IN_USE: u8 = 0x20 + 2;

fn main() -> anyhow::Result<ExitCode> {
    let settings = Settings::parse();
    let package = Package::read(&settings.app_base)?;
    if package.behaviour.exit_at_start {
        eprintln!("the package asks for an exit at the start (SampleRuntime.ExitAtStart)");
        return Ok(ExitCode::FAILURE);
    }
    // One thread is enough, and keeps a small instance small.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the I/O driver")?
        .block_on(serve(settings, package))
}

async fn serve(settings: Settings, package: Package) -> anyhow::Result<ExitCode> {
    let admin_address = settings.admin_address()?;
    let runtime = Arc::new(Runtime::new(settings, package)?);
    let journal = &runtime.journal;
    let admin = match listen::bind(&admin_address) {
        Ok(admin) => admin,
        Err(error) => {
            journal.error(
                "Core",
                &format!("cannot listen at {admin_address}: {error}"),
            );
            return Ok(ExitCode::from(ADMIN_ADDRESS_IN_USE));
        }
    };
    journal.info(
        "Core",
        &format!(
            "Sample Runtime {} (not a Mendix Runtime), {} {}, instance {} ({})",
            env!("CARGO_PKG_VERSION"),
            runtime.package.name,
            runtime.package.version,
            runtime.settings.instance_index,
            runtime.settings.instance_id,
        ),
    );
    let mut terminate = signal(SignalKind::terminate()).context("watching for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("watching for SIGINT")?;
    tokio::select! {
        ended = listen::serve(admin, admin::router(runtime.clone()), std::future::pending()) => {
            ended.context("serving the admin protocol")?;
        }
        _ = terminate.recv() => journal.info("Core", "asked to end by SIGTERM"),
        _ = interrupt.recv() => journal.info("Core", "asked to end by SIGINT"),
        () = runtime.ending.cancelled() => journal.info("Core", "asked to end by shutdown"),
    }
    runtime.drain().await;
    runtime.journal.info("Core", "ended");
    Ok(ExitCode::SUCCESS)
}
