//! The cell: started beside the portal, or taken over when one answers on the socket already.

use crate::config::Config;
use crate::{private_file, socket_place};
use anyhow::{Context, Result, bail};
use engine::cell::CellEngine;
use engine::{Engine, EngineError};
use std::fs::OpenOptions;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::time::sleep;

const STARTS_WITHIN: Duration = Duration::from_mins(1);
const STOPS_WITHIN: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOK_AFTER_EVERY: Duration = Duration::from_secs(1);

/// The cell of this machine.
pub struct Cell {
    config: Config,
    program: PathBuf,
    runtime: PathBuf,
    child: Option<Child>,
}

impl Cell {
    /// Starts it, unless one answers already.
    pub async fn start(config: &Config) -> Result<Self> {
        let mut cell = Self {
            program: beside_this_program("cell")?,
            runtime: beside_this_program("sample-runtime")?,
            config: config.clone(),
            child: None,
        };
        if !cell.answers().await {
            cell.check_address()?;
            cell.run().await?;
        }
        Ok(cell)
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

    /// Ends it and every instance that it runs; what is wanted stays on its disk for the next start.
    pub async fn stop(mut self) -> Result<()> {
        match CellEngine::new(self.config.cell_socket.clone())
            .shutdown(true)
            .await
        {
            Ok(()) => {}
            Err(EngineError::Unavailable(_)) if !self.is_there().await => {}
            Err(error) => return Err(error).context("the cell was asked to end its instances"),
        }
        let deadline = Instant::now() + STOPS_WITHIN;
        while self.is_there().await {
            if Instant::now() > deadline {
                bail!("the cell does not end; see {}", self.log().display());
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
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
        Ok(())
    }

    fn spawn(&self) -> Result<Child> {
        private_file::create_dir(&self.config.data.join("log"))?;
        if let Some(folder) = self.config.cell_socket.parent() {
            socket_place::create(folder)?;
        }
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.log())
            .context("opening the cell's log")?;
        let mut runtime = std::ffi::OsString::from("sample=");
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
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        // The cell needs nothing of the portal's settings, least of all its secrets.
        for secret in ["DATABASE_URL", "MXID_CLIENT_SECRET", "PORTAL_SEALING_KEY"] {
            command.env_remove(secret);
        }
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
        CellEngine::new(self.config.cell_socket.clone())
            .info()
            .await
            .is_ok()
    }

    async fn is_there(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => self.answers().await,
        }
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
