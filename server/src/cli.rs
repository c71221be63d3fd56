//! The command line of `portal`.

pub mod logging;
pub mod orphans;
pub mod people;
pub mod quota;

use crate::config::Config;
use crate::{control_plane, local, serve};
use anyhow::Result;
use clap::{Parser, Subcommand};
use orphans::OrphansCommand;
use people::PeopleCommand;
use quota::QuotaCommand;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A self-hostable cloud portal. Settings are in portal.toml and the environment; see docs/operations.md.
#[derive(Debug, Parser)]
#[command(name = "portal", version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can be asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Starts everything on this machine: the database, the cell and the portal.
    Up,
    /// Serves the portal; the database and the cell run already.
    Serve,
    /// Says whether this release can take over the database, and changes nothing in it; the database runs already.
    CheckUpgrade,
    /// Lists and changes who may sign in; the database runs already.
    #[command(subcommand)]
    People(PeopleCommand),
    /// Lists and removes what no row of the portal knows; the database runs already.
    #[command(subcommand)]
    Orphans(OrphansCommand),
    /// Makes the object store this database's: what the database does not know is swept from then on.
    AdoptStore,
    /// Lists and changes what companies may use; the database runs already.
    #[command(subcommand)]
    Quota(QuotaCommand),
}

/// Does it, to its end.
pub async fn run(command: Command) -> Result<()> {
    let config = Config::load()?;
    match command {
        Command::Up => {
            logging::to_file(&config)?;
            local::up::run(config).await
        }
        Command::CheckUpgrade => {
            print!("{}", control_plane::check_upgrade(&config).await?);
            Ok(())
        }
        Command::People(command) => {
            let control = control_plane::open(&config).await?;
            let built_in = config.issuer.is_none();
            print!("{}", people::run(&control, built_in, command).await?);
            Ok(())
        }
        Command::Orphans(command) => {
            let control = control_plane::open(&config).await?;
            print!("{}", orphans::run(&control, command).await?);
            Ok(())
        }
        Command::AdoptStore => {
            let control = control_plane::open(&config).await?;
            control::packages::ownership::adopt(&control).await?;
            println!(
                "The object store is this installation's; what its database does not know is swept within minutes."
            );
            Ok(())
        }
        Command::Quota(command) => {
            let control = control_plane::open(&config).await?;
            print!("{}", quota::run(&control, command).await?);
            Ok(())
        }
        Command::Serve => {
            logging::to_terminal();
            serve_until_signal(&config).await
        }
    }
}

async fn serve_until_signal(config: &Config) -> Result<()> {
    let shutdown = CancellationToken::new();
    let listener = serve::bind(config).await?;
    let app = serve::prepare(config, shutdown.clone()).await?;
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
    serve::run(config, app, listener).await
}
