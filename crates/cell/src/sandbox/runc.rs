//! The sandbox by `runc`: namespaces, a user id of its own, limits on memory, processor, processes.

mod bundle;
mod system_calls;

use super::Confinement;
use crate::disk;
use crate::process::Identity;
use anyhow::Context;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// Its name.
pub const NAME: &str = "runc";

/// Said where control groups cannot be written.
const NO_LIMITS: &str = "limits on memory, processor and processes are not enforced: \
    control groups cannot be written on this machine";

/// The sandbox by `runc`.
#[derive(Debug)]
pub struct Runc {
    state: PathBuf,
    limited: bool,
    caveats: Vec<String>,
}

impl Runc {
    /// Tries it, with limits and then without.
    pub async fn probe(data: &Path) -> anyhow::Result<Self> {
        anyhow::ensure!(
            rustix::process::geteuid().is_root(),
            "it needs root to give each environment a user id of its own"
        );
        let state = state(data);
        disk::private_dir(&state)?;
        let mut runc = Self {
            state,
            limited: true,
            caveats: Vec::new(),
        };
        let Err(error) = runc.try_out(data).await else {
            return Ok(runc);
        };
        tracing::warn!(
            error = format!("{error:#}"),
            "runc does not work with limits"
        );
        runc.limited = false;
        runc.caveats.push(NO_LIMITS.to_owned());
        runc.try_out(data).await?;
        Ok(runc)
    }

    /// What is not enforced.
    pub fn caveats(&self) -> &[String] {
        &self.caveats
    }

    /// Starts a container that outlives this process.
    pub async fn start(&self, confinement: &Confinement) -> anyhow::Result<Identity> {
        let pid_file = confinement.folder.join("pid");
        disk::remove_file(&pid_file)?;
        let options = ["--detach", "--pid-file"].map(OsStr::new);
        let options = [&options[..], &[pid_file.as_os_str()]].concat();
        if let Err(error) = self.run(confinement, &options).await {
            drop(delete(&self.state, &confinement.name).await);
            return Err(error);
        }
        let pid = std::fs::read_to_string(&pid_file)?.trim().parse()?;
        Identity::of_started(pid).with_context(|| {
            let console = confinement.folder.join("console");
            format!("the sandbox ended at once: {}", words(&console))
        })
    }

    /// Where it keeps what it knows of containers.
    pub fn state(&self) -> &Path {
        &self.state
    }

    async fn try_out(&self, data: &Path) -> anyhow::Result<()> {
        let folder = data.join("probe");
        disk::private_dir(&folder)?;
        let confinement = super::bubblewrap::probe_confinement(&folder)?;
        let outcome = self.run(&confinement, &[]).await;
        let deleted = delete(&self.state, &confinement.name).await;
        disk::remove_dir(&folder)?;
        outcome?;
        deleted
    }

    async fn run(&self, confinement: &Confinement, options: &[&OsStr]) -> anyhow::Result<()> {
        let bundle = confinement.folder.join("bundle");
        disk::remove_dir(&bundle)?;
        bundle::write(&bundle, confinement, self.limited)
            .context("writing the container's description")?;
        let console = confinement.folder.join("console");
        let output = console_file(&console)?;
        let status = command(&self.state)
            .arg("run")
            .args(options)
            .arg("--bundle")
            .arg(&bundle)
            .arg(&confinement.name)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .status()
            .await
            .context("runc cannot be started")?;
        anyhow::ensure!(
            status.success(),
            "the sandbox could not be made: {}",
            words(&console)
        );
        Ok(())
    }
}

/// Where `runc` keeps what it knows of a cell's containers.
pub fn state(data: &Path) -> PathBuf {
    data.join("runc")
}

/// Removes a container with all that runs in it. Idempotent.
pub async fn delete(state: &Path, name: &str) -> anyhow::Result<()> {
    if !state.join(name).exists() {
        return Ok(());
    }
    let output = command(state)
        .args(["delete", "--force", name])
        .output()
        .await?;
    anyhow::ensure!(
        output.status.success() || !state.join(name).exists(),
        "runc could not delete the container {name}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

/// Names of the containers there are.
pub fn containers(state: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(state) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

fn command(state: &Path) -> Command {
    let mut command = Command::new("runc");
    command.arg("--root").arg(state);
    command
}

/// Where the sandbox itself, not the runtime, says what is wrong.
pub fn console_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

/// The end of what the sandbox said, if it said anything.
pub fn said(console: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let file = File::open(console).ok()?;
    file.take(64 << 10).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let last = text.trim().lines().next_back()?;
    Some(last.chars().take(600).collect())
}

/// The same as [`said`], for a sentence.
pub fn words(console: &Path) -> String {
    said(console).unwrap_or_else(|| "it said nothing".to_owned())
}
