//! The cell: started beside the portal, or taken over when one of this release answers on the socket already.

use crate::config::Config;
use crate::{private_file, socket_path};
use anyhow::{Context, Result, bail};
use engine::cell::CellEngine;
use engine::observation::Info;
use engine::{API_VERSION, Engine};
use ipnet::IpNet;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

const STARTS_WITHIN: Duration = Duration::from_mins(1);
const STOPS_WITHIN: Duration = Duration::from_secs(90);
const HEEDS_SIGNAL_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOK_AFTER_EVERY: Duration = Duration::from_secs(1);

/// What the cell may know of the environment that the portal was started in, beside its own settings: nothing of
/// the portal's, least of all a secret.
const OF_THE_ENVIRONMENT: [&str; 10] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "RUST_LOG",
    "RUST_BACKTRACE",
    "NO_COLOR",
];

/// What the names of the cell's own settings begin with.
const OF_THE_CELL: &str = "CELL_";

/// The cell of this machine, running or about to.
pub struct Cell {
    config: Config,
    program: PathBuf,
    runtime: PathBuf,
    child: Option<Child>,
    has_answered: bool,
}

impl Cell {
    /// Finds the programs.
    pub fn new(config: &Config) -> Result<Self> {
        Ok(Self {
            program: beside_this_program("cell")?,
            runtime: beside_this_program("sample-runtime")?,
            config: config.clone(),
            child: None,
            has_answered: false,
        })
    }

    /// Starts it, unless one answers already that speaks this release's interface. A start that fails or is given
    /// up is to be followed by [`Self::stop`].
    pub async fn start(&mut self) -> Result<()> {
        // Before anything is said to whoever listens there.
        if let Some(folder) = self.config.cell_socket.parent() {
            socket_path::create(folder)?;
        }
        if let Some(info) = self.info().await {
            self.has_answered = true;
            if info.api_version == API_VERSION {
                return Ok(());
            }
            self.end_other_release(&info).await?;
            self.has_answered = false;
        }
        self.check_address()?;
        self.run().await
    }

    /// Ends a cell of another release; its instances live on and are taken over by the next.
    async fn end_other_release(&self, info: &Info) -> Result<()> {
        tracing::warn!(
            version = info.version,
            api_version = info.api_version,
            "a cell of another release runs here; it is replaced, and its apps go on"
        );
        let engine = CellEngine::new(self.config.cell_socket.clone());
        let ending = "ending the cell of another release";
        engine.shutdown(false).await.context(ending)?;
        let lock = self.config.data.join("cell").join("lock");
        let lock = File::open(&lock).with_context(|| format!("opening {}", lock.display()))?;
        let deadline = Instant::now() + STOPS_WITHIN;
        // Held while the process lives.
        while lock.try_lock().is_err() {
            if Instant::now() > deadline {
                bail!(
                    "the cell of another release does not end; end it by hand, then start again; see {}",
                    self.log().display()
                );
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Waits until it has ended, which it should not, and starts it again; it takes its instances over.
    pub async fn keep_running(&mut self) -> Result<()> {
        if let Some(child) = &mut self.child {
            child.wait().await.context("waiting for the cell")?;
        }
        while self.answers().await {
            sleep(LOOK_AFTER_EVERY).await;
        }
        tracing::error!("the cell has ended; starting it again");
        self.child = None;
        self.run().await
    }

    /// Ends it, if it runs, and every instance of it; what is wanted stays on its disk for the next start.
    pub async fn stop(mut self) -> Result<()> {
        if !self.has_answered {
            // There is nobody to ask yet.
            return self.end_by_signal().await;
        }
        let engine = CellEngine::new(self.config.cell_socket.clone());
        // Ending instances takes its time; whether anybody answers at all is known sooner.
        let asked = match engine.info().await {
            Ok(_) => engine.shutdown(true).await,
            Err(silent) => Err(silent),
        };
        let patience = if asked.is_ok() {
            STOPS_WITHIN
        } else {
            Duration::ZERO
        };
        if self.is_gone_within(patience).await {
            return Ok(());
        }
        self.end_by_signal().await?;
        asked.context("the cell was asked to end its instances")?;
        bail!(
            "the cell did not end within {} s and was ended with a signal; apps that still run are taken over at the next start; see {}",
            STOPS_WITHIN.as_secs(),
            self.log().display()
        );
    }

    async fn end_by_signal(&mut self) -> Result<()> {
        for signal in [Signal::TERM, Signal::KILL] {
            let Some(pid) = self.pid().await else {
                return Ok(());
            };
            // A process that is gone already is what is wanted.
            let _ = kill_process(pid, signal);
            if self.is_gone_within(HEEDS_SIGNAL_WITHIN).await {
                return Ok(());
            }
        }
        bail!("the cell does not end; see {}", self.log().display())
    }

    async fn run(&mut self) -> Result<()> {
        self.child = Some(self.spawn()?);
        let deadline = Instant::now() + STARTS_WITHIN;
        while !self.answers().await {
            if let Some(status) = self
                .child
                .as_mut()
                .and_then(|child| child.try_wait().ok().flatten())
            {
                bail!(
                    "the cell ended at once ({status}); see {}",
                    self.log().display()
                );
            }
            if Instant::now() > deadline {
                bail!(
                    "the cell does not answer within {} s; see {}",
                    STARTS_WITHIN.as_secs(),
                    self.log().display()
                );
            }
            sleep(LOOK_EVERY).await;
        }
        self.has_answered = true;
        Ok(())
    }

    fn spawn(&self) -> Result<Child> {
        private_file::create_dir(&self.config.data.join("log"))?;
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.log())
            .context("opening the cell's log")?;
        let mut runtime = OsString::from("sample=");
        runtime.push(&self.runtime);
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(self.config.data.join("cell"));
        command.arg("--socket").arg(&self.config.cell_socket);
        command
            .arg("--apps-addr")
            .arg(self.config.apps_addr.to_string());
        command.arg("--runtime").arg(runtime);
        command.arg("--apps-url").arg(self.config.apps.root());
        if !self.config.trusted_proxies.is_empty() {
            let proxies = self.config.trusted_proxies.iter().map(IpNet::to_string);
            let proxies: Vec<String> = proxies.collect();
            command.arg("--trusted-proxies").arg(proxies.join(","));
        }
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        let for_the_cell = |(name, _): &(OsString, OsString)| {
            let name = name.to_str().unwrap_or_default();
            OF_THE_ENVIRONMENT.contains(&name) || name.starts_with(OF_THE_CELL)
        };
        command
            .env_clear()
            .envs(std::env::vars_os().filter(for_the_cell));
        command
            .spawn()
            .with_context(|| format!("starting {}", self.program.display()))
    }

    fn check_address(&self) -> Result<()> {
        TcpListener::bind(self.config.apps_addr).map(drop).with_context(|| {
            format!("APPS_ADDR: apps cannot be served on {}; stop the program that listens there, or set APPS_ADDR to another address", self.config.apps_addr)
        })
    }

    async fn answers(&self) -> bool {
        self.info().await.is_some()
    }

    async fn info(&self) -> Option<Info> {
        let engine = CellEngine::new(self.config.cell_socket.clone());
        engine.info().await.ok()
    }

    async fn is_gone_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.pid().await.is_some() {
            if Instant::now() > deadline {
                return false;
            }
            sleep(LOOK_EVERY).await;
        }
        true
    }

    /// The process, while it is there: the child, or the one that listens on the socket.
    async fn pid(&mut self) -> Option<Pid> {
        // Its end is noticed here; another one may listen all the same.
        self.child
            .take_if(|child| !matches!(child.try_wait(), Ok(None)));
        let pid = if let Some(child) = &self.child {
            child.id()?.try_into().ok()
        } else {
            let socket = UnixStream::connect(&self.config.cell_socket).await.ok()?;
            socket.peer_cred().ok()?.pid()
        };
        Pid::from_raw(pid?)
    }

    fn log(&self) -> PathBuf {
        self.config.data.join("log").join("cell.log")
    }
}

/// Programs are built and shipped side by side.
fn beside_this_program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("finding the program's own folder")?;
    let path = own.with_file_name(name);
    if !path.is_file() {
        bail!(
            "the program `{name}` is missing beside {}; build it with `cargo build -p {name}`",
            own.display()
        );
    }
    Ok(path)
}
