//! The program `cell`: the local engine, and the first process in each of its sandboxes.

use cell::config::{Config, Runtime, SandboxChoice};
use cell::descriptors;
use cell::file_limit::LimitFiles;
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
    /// Limit the files of processes of this user; not for people.
    #[command(hide = true)]
    LimitFiles(LimitFiles),
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
    /// The address of apps in browsers, without their own labels.
    #[arg(long, env = "APPS_URL")]
    apps_url: Option<String>,
    /// Addresses and networks of the proxies whose word on where a request comes from is taken, with commas.
    #[arg(long, env = "TRUSTED_PROXIES")]
    trusted_proxies: Option<String>,
    /// Which sandbox to use.
    #[arg(long, env = "CELL_SANDBOX")]
    sandbox: Option<SandboxChoice>,
    /// Zone labels that instances are spread over.
    #[arg(long, env = "CELL_ZONES", value_delimiter = ',')]
    zones: Vec<String>,
    /// How long a started runtime may take until it answers requests.
    #[arg(long, env = "CELL_READY_WITHIN_SECONDS")]
    ready_within_seconds: Option<u64>,
    /// Memory that instances may be promised, MiB; by default three quarters of the machine's.
    #[arg(long, env = "CELL_MEMORY_MIB")]
    memory_mib: Option<u64>,
    /// How many times over that memory may be promised.
    #[arg(long, env = "CELL_MEMORY_OVERCOMMIT")]
    memory_overcommit: Option<f64>,
    /// What stays free on the disk, MiB; by default 2 GiB, of a small disk a tenth.
    #[arg(long, env = "CELL_DISK_RESERVE_MIB")]
    disk_reserve_mib: Option<u64>,
    /// What an instance may write beside its bucket, MiB, its log among it.
    #[arg(long, env = "CELL_RUN_FOLDER_MIB")]
    run_folder_mib: Option<u64>,
    /// How often what environments take of the disk is measured, seconds.
    #[arg(long, env = "CELL_MEASURE_EVERY_SECONDS")]
    measure_every_seconds: Option<u64>,
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
        Command::LimitFiles(limit) => Ok(limit.run()),
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
    config.apps_url = serve.apps_url.or(config.apps_url);
    config.trusted_proxies = serve.trusted_proxies.or(config.trusted_proxies);
    config.sandbox = serve.sandbox.unwrap_or(config.sandbox);
    config.allow_unlimited |= serve.allow_unlimited;
    if !serve.zones.is_empty() {
        config.zones = serve.zones;
    }
    let ready_within = serve.ready_within_seconds;
    config.ready_within_seconds = ready_within.unwrap_or(config.ready_within_seconds);
    config.memory_mib = serve.memory_mib.or(config.memory_mib);
    let overcommit = serve.memory_overcommit;
    config.memory_overcommit = overcommit.unwrap_or(config.memory_overcommit);
    config.disk_reserve_mib = serve.disk_reserve_mib.or(config.disk_reserve_mib);
    config.run_folder_mib = serve.run_folder_mib.unwrap_or(config.run_folder_mib);
    let measure_every = serve.measure_every_seconds;
    config.measure_every_seconds = measure_every.unwrap_or(config.measure_every_seconds);
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
