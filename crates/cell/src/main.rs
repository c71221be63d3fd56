//! The program `cell`: the local engine, and the first process in each of its sandboxes.

use cell::config::{Config, Runtime, SandboxChoice};
use cell::descriptors;
use cell::init::{self, Init};
use cell::oom_score;
use cell::serve;
use clap::{Args, Parser, Subcommand};
use rustix::fs::Mode;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// The local engine: keeps one machine's instances as wanted and routes requests to them.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the engine.
    Serve(Box<Serve>),
    /// Be the first process in a sandbox; not for people.
    #[command(hide = true)]
    Init(Init),
}

#[derive(Args)]
struct Serve {
    /// A TOML file; what is given besides it goes first.
    #[arg(long, env = "CELL_CONFIG")]
    config: Option<PathBuf>,
    /// The folder that is the cell's own.
    #[arg(long, env = "CELL_DATA_DIR", required_unless_present = "config")]
    data_dir: Option<PathBuf>,
    /// Where the engine's interface listens.
    #[arg(long, env = "CELL_SOCKET")]
    socket: Option<PathBuf>,
    /// Where requests for apps arrive.
    #[arg(long, env = "APPS_ADDR")]
    apps_addr: Option<SocketAddr>,
    /// Which sandbox to use.
    #[arg(long, env = "CELL_SANDBOX")]
    sandbox: Option<SandboxChoice>,
    /// Zone labels that instances are spread over.
    #[arg(long, env = "CELL_ZONES", value_delimiter = ',')]
    zones: Vec<String>,
    /// How long a started runtime may take until it answers requests.
    #[arg(long, env = "CELL_READY_WITHIN_SECONDS")]
    ready_within_seconds: Option<u64>,
    /// Serve addresses that others reach also where nothing limits what an app takes of the machine.
    #[arg(long, env = "CELL_ALLOW_UNLIMITED")]
    allow_unlimited: bool,
    /// A runtime that listens on unix sockets: `NAME=PROGRAM`. May be repeated.
    #[arg(long, env = "CELL_RUNTIMES", value_delimiter = ',', value_parser = program)]
    runtime: Vec<(String, PathBuf)>,
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().command {
        Command::Init(init) => init::run(&init),
        Command::Serve(serve) => {
            tracing_subscriber::fmt()
                .with_env_filter(
                    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
                )
                .with_writer(std::io::stderr)
                .init();
            descriptors::raise_limit();
            oom_score::set(oom_score::PLATFORM);
            // Instances have other user ids, and must pass through what is made for them.
            rustix::process::umask(Mode::from_raw_mode(0o022));
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(serve::run(configuration(*serve)?))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn configuration(serve: Serve) -> anyhow::Result<Config> {
    let mut config = match (&serve.config, serve.data_dir.clone()) {
        (Some(file), _) => Config::read(file)?,
        (None, data_dir) => Config::new(data_dir.unwrap_or_default()),
    };
    config.data_dir = serve.data_dir.unwrap_or(config.data_dir);
    config.socket = serve.socket.or(config.socket);
    config.apps_addr = serve.apps_addr.unwrap_or(config.apps_addr);
    config.sandbox = serve.sandbox.unwrap_or(config.sandbox);
    config.allow_unlimited |= serve.allow_unlimited;
    if !serve.zones.is_empty() {
        config.zones = serve.zones;
    }
    let ready_within = serve.ready_within_seconds;
    config.ready_within_seconds = ready_within.unwrap_or(config.ready_within_seconds);
    let programs = serve.runtime.into_iter();
    config
        .runtimes
        .extend(programs.map(|(name, path)| (name, Runtime::Program { path })));
    Ok(config)
}

fn program(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("NAME=PROGRAM is expected")?;
    Ok((name.to_owned(), PathBuf::from(path)))
}
