//! The `portal` program.

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use server::config::Config;
use server::people::{self, Deed};
use server::{private_file, serve, up};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;
use std::sync::Mutex;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// A self-hostable cloud portal. Settings are in portal.toml and the environment; see docs/operations.md.
#[derive(Parser)]
#[command(name = "portal", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts everything on this machine: the database, the cell and the portal.
    Up,
    /// Serves the portal; the database and the cell run already.
    Serve,
    /// Lists and changes who may sign in; the database runs already.
    #[command(subcommand)]
    People(Deed),
}

/// Rendering a page nests deeply, most of all in a build that is not optimised.
const STACK: usize = 16 << 20;

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build();
    match runtime
        .context("starting threads")
        .and_then(|runtime| runtime.block_on(run(command)))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("portal: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    let config = Config::load()?;
    match command {
        Command::Up => {
            log_to_file(&config)?;
            up::run(config).await
        }
        Command::People(deed) => {
            let control = serve::control_plane(&config).await?;
            print!(
                "{}",
                people::run(&control, config.issuer.is_none(), deed).await?
            );
            Ok(())
        }
        Command::Serve => {
            tracing_subscriber::fmt()
                .with_env_filter(filter())
                .with_writer(std::io::stderr)
                .init();
            let shutdown = CancellationToken::new();
            let listener = serve::bind(&config).await?;
            let app = serve::prepare(&config, shutdown.clone()).await?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            tokio::spawn(async move {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                shutdown.cancel();
            });
            tracing::info!(address = %config.portal_addr, url = config.portal_url, "the portal is ready");
            serve::run(&config, app, listener).await
        }
    }
}

/// What happens goes to `log/portal.log`; the terminal hears of trouble alone.
fn log_to_file(config: &Config) -> Result<()> {
    let folder = config.data.join("log");
    private_file::create_dir(&folder)?;
    let path = folder.join("portal.log");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("opening {}", path.display()))?;
    let to_file = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .with_filter(filter());
    let to_terminal = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_filter(LevelFilter::WARN);
    tracing_subscriber::registry()
        .with(to_file)
        .with(to_terminal)
        .init();
    Ok(())
}

/// `RUST_LOG`, or what an operator wants to read.
fn filter() -> EnvFilter {
    EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,tower_sessions=warn"))
}
