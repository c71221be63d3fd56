//! Starts the cluster, takes over one that is running, keeps it running, stops it.

use super::binaries;
use super::cluster::Cluster;
use super::settings;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret;
use sqlx::error::DatabaseError;
use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::time::sleep;

const STARTS_WITHIN: Duration = Duration::from_mins(1);
const STOPS_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOK_AFTER_EVERY: Duration = Duration::from_millis(500);

/// What PostgreSQL refuses a connection with.
const WRONG_PASSWORD: &str = "28P01";
const STARTING_UP: &str = "57P03";

/// Everyone is asked for a password, and nobody is let in over the network.
const HBA: &str = "local all all scram-sha-256\n";

/// A cluster, running or about to.
pub struct Server {
    cluster: Cluster,
    bin: PathBuf,
    child: Option<Child>,
}

impl Server {
    /// Finds the programs, and makes the cluster when there is none yet.
    pub async fn new(cluster: Cluster) -> Result<Self> {
        let server = Self::find(cluster).await?;
        initialise(&server.cluster, &server.bin).await?;
        Ok(server)
    }

    /// Finds the programs of a cluster that has been made.
    pub(super) async fn find(cluster: Cluster) -> Result<Self> {
        Ok(Self {
            cluster,
            bin: binaries::find().await?,
            child: None,
        })
    }

    /// Starts it, or takes it over when it runs already. A start that fails or is given up is to be followed
    /// by [`Self::stop`].
    pub async fn start(&mut self) -> Result<()> {
        self.run().await?;
        self.cluster.bootstrap().await
    }

    /// Waits until the server has ended, which it should not, and starts it again.
    pub async fn keep_running(&mut self) -> Result<()> {
        if let Some(child) = &mut self.child {
            child.wait().await.context("waiting for PostgreSQL")?;
        }
        while self.running_pid().is_some() {
            sleep(LOOK_AFTER_EVERY).await;
        }
        tracing::error!("PostgreSQL has ended; starting it again");
        self.child = None;
        self.run().await
    }

    /// Ends the server, if it runs: open transactions are rolled back, everything committed is kept.
    pub async fn stop(mut self) -> Result<()> {
        for signal in [Signal::INT, Signal::QUIT] {
            let Some(pid) = self.pid() else {
                break;
            };
            // A process that is gone already is what is wanted.
            let _ = kill_process(pid, signal);
            let deadline = Instant::now() + STOPS_WITHIN;
            while self.is_running() && Instant::now() < deadline {
                sleep(LOOK_EVERY).await;
            }
        }
        if self.is_running() {
            bail!(
                "PostgreSQL does not end; see {}",
                self.cluster.log.display()
            );
        }
        Ok(())
    }

    async fn run(&mut self) -> Result<()> {
        // One that cannot be read fails at once.
        self.cluster.superuser_password()?;
        let mut deadline = Instant::now() + STARTS_WITHIN;
        loop {
            // After a kill, the old processes may hold the memory for a moment, and a new start fails.
            if !self.is_running() {
                self.child = Some(self.spawn()?);
            }
            let Err(error) = self.cluster.connect("postgres").await else {
                return Ok(());
            };
            match error
                .as_database_error()
                .and_then(DatabaseError::code)
                .as_deref()
            {
                Some(WRONG_PASSWORD) => bail!(
                    "PostgreSQL does not take the password in {}; put the file back as it was when the cluster was made",
                    self.cluster.superuser_password_file.display()
                ),
                // It lives, and after a crash it works through what it had not written yet.
                Some(STARTING_UP) => deadline = Instant::now() + STARTS_WITHIN,
                _ => {}
            }
            if Instant::now() > deadline {
                let log = last_lines(&self.cluster.log);
                return Err(error).with_context(|| {
                    format!(
                        "PostgreSQL did not start within {} s. The end of {}:\n{log}\nThe last attempt",
                        STARTS_WITHIN.as_secs(),
                        self.cluster.log.display()
                    )
                });
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn is_running(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => self.running_pid().is_some(),
        }
    }

    /// The process: the child while it is ours, since a young one has written no file yet.
    fn pid(&self) -> Option<Pid> {
        let child = self.child.as_ref().and_then(Child::id);
        let child = child.and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
        child.or_else(|| self.running_pid())
    }

    /// The process that the cluster's own pid file names, if it is still that process.
    fn running_pid(&self) -> Option<Pid> {
        let file = std::fs::read_to_string(self.cluster.data().join("postmaster.pid")).ok()?;
        let pid: i32 = file.lines().next()?.trim().parse().ok()?;
        let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
        (folder == self.cluster.data().canonicalize().ok()?).then(|| Pid::from_raw(pid))?
    }

    fn spawn(&self) -> Result<Child> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.cluster.log)
            .with_context(|| format!("opening {}", self.cluster.log.display()))?;
        let mut command = Command::new(self.bin.join("postgres"));
        command
            .arg("-D")
            .arg(self.cluster.data())
            .arg("-p")
            .arg(self.cluster.port().to_string());
        command.arg("-k").arg(&self.cluster.socket_dir);
        for setting in settings::of(self.cluster.purpose) {
            command.arg("-c").arg(setting);
        }
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.cluster.owner.run(&mut command);
        command.spawn().context("starting PostgreSQL")
    }
}

/// Runs `initdb` aside and moves the result into place, so that a half-made cluster is never started.
async fn initialise(cluster: &Cluster, bin: &Path) -> Result<()> {
    let data = cluster.data();
    if data.join("PG_VERSION").exists() {
        return Ok(());
    }
    let partial = cluster.folder.join("data.partial");
    let password_file = cluster.folder.join("initial-password");
    if partial.exists() {
        std::fs::remove_dir_all(&partial).context("removing a half-made cluster")?;
    }
    std::fs::create_dir(&partial).with_context(|| format!("making {}", partial.display()))?;
    std::fs::set_permissions(&partial, Permissions::from_mode(0o700))?;
    cluster.owner.give(&partial)?;
    let password = cluster.superuser_password()?;
    crate::private_file::write(&password_file, password.expose_secret())?;
    cluster.owner.give(&password_file)?;
    let mut command = Command::new(bin.join("initdb"));
    command.arg("-D").arg(&partial).args([
        "-U",
        "postgres",
        "-A",
        "scram-sha-256",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    ]);
    command
        .arg("--pwfile")
        .arg(&password_file)
        .stdin(Stdio::null());
    cluster.owner.run(&mut command);
    let output = command.output().await.context("running initdb");
    std::fs::remove_file(&password_file).context("removing the initial password")?;
    let output = output?;
    if !output.status.success() {
        bail!(
            "initdb failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let hba = partial.join("pg_hba.conf");
    std::fs::write(&hba, HBA).context("writing pg_hba.conf")?;
    File::open(&partial)?.sync_all()?;
    std::fs::rename(&partial, &data).context("moving the cluster into place")
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
