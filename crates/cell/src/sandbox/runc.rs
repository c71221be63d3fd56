//! The sandbox by `runc`: namespaces, a user id of its own, limits on memory, processor, processes.

mod bundle;
mod system_calls;

use self::bundle::Limited;
use super::spec::SandboxSpec;
use super::{console, probe};
use crate::disk;
use crate::process::Identity;
use anyhow::Context;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

/// Its name.
pub const NAME: &str = "runc";

/// How long `runc` may take to make a container, and to remove one.
const MADE_WITHIN: Duration = Duration::from_mins(1);
const REMOVED_WITHIN: Duration = Duration::from_secs(30);
/// How long it may take when it is tried out, before anything is served.
const TRIED_WITHIN: Duration = Duration::from_secs(15);

/// Said where the kernel does not count swap.
const NO_SWAP_LIMIT: &str = "an app that needs more than its memory may use the machine's swap: \
    the kernel does not count swap; start it with swapaccount=1";

/// Said where control groups cannot be written.
const NO_LIMITS: &str = "limits on memory, processor and processes are not enforced: \
    control groups cannot be written on this machine";

/// The sandbox by `runc`.
#[derive(Debug)]
pub struct Runc {
    state: PathBuf,
    limited: Limited,
    unenforced: Vec<String>,
}

impl Runc {
    /// Tries it, with limits and then, where it says that control groups are what fails, without.
    pub async fn probe(data: &Path) -> anyhow::Result<Self> {
        anyhow::ensure!(
            rustix::process::geteuid().is_root(),
            "it needs root to give each environment a user id of its own"
        );
        let state = state(data);
        disk::private_dir(&state)?;
        let mut runc = Self {
            state,
            limited: Limited::Wholly,
            unenforced: Vec::new(),
        };
        for (limited, unenforced) in [
            (Limited::Wholly, None),
            (Limited::ButSwap, Some(NO_SWAP_LIMIT)),
        ] {
            runc.limited = limited;
            let Err(error) = runc.try_out_twice(data).await else {
                runc.unenforced.extend(unenforced.map(str::to_owned));
                return Ok(runc);
            };
            if !is_about_limits(&error) {
                return Err(error);
            }
            let error = format!("{error:#}");
            tracing::warn!(error, ?limited, "runc does not work with limits");
        }
        runc.limited = Limited::Not;
        runc.unenforced.push(NO_LIMITS.to_owned());
        runc.try_out_twice(data).await?;
        Ok(runc)
    }

    /// Whether memory, processor and processes are limited.
    pub fn limits(&self) -> bool {
        self.limited != Limited::Not
    }

    /// What is not enforced.
    pub fn unenforced(&self) -> &[String] {
        &self.unenforced
    }

    /// Starts a container that outlives this process.
    pub async fn start(&self, spec: &SandboxSpec) -> anyhow::Result<Identity> {
        let pid_file = spec.folder.join("pid");
        disk::remove_file(&pid_file)?;
        let options = ["--detach", "--pid-file"].map(OsStr::new);
        let options = [&options[..], &[pid_file.as_os_str()]].concat();
        if let Err(error) = self.run(spec, &options).await {
            drop(delete(&self.state, &spec.name).await);
            return Err(error);
        }
        let pid = std::fs::read_to_string(&pid_file)?.trim().parse()?;
        Identity::of_started(pid).with_context(|| {
            format!(
                "the sandbox ended at once: {}",
                console::words(&spec.folder)
            )
        })
    }

    /// A busy machine may have been too slow for the first time.
    async fn try_out_twice(&self, data: &Path) -> anyhow::Result<()> {
        match self.try_out(data).await {
            Err(error) if !is_about_limits(&error) => {
                let error = format!("{error:#}");
                tracing::warn!(error, "runc is tried out once more");
                self.try_out(data).await
            }
            outcome => outcome,
        }
    }

    async fn try_out(&self, data: &Path) -> anyhow::Result<()> {
        let folder = data.join("probe");
        disk::private_dir(&folder)?;
        let spec = probe::spec(&folder)?;
        let outcome = timeout(TRIED_WITHIN, self.run(&spec, &[])).await;
        let outcome = outcome.unwrap_or_else(|_| Err(anyhow::anyhow!("runc does not answer")));
        let deleted = delete(&self.state, &spec.name).await;
        disk::remove_dir(&folder)?;
        outcome?;
        deleted
    }

    async fn run(&self, spec: &SandboxSpec, options: &[&OsStr]) -> anyhow::Result<()> {
        let bundle = spec.folder.join("bundle");
        disk::remove_dir(&bundle)?;
        bundle::write(&bundle, spec, self.limited)
            .context("writing the container's description")?;
        let output = console::open(&spec.folder)?;
        let status = command(&self.state)
            .arg("run")
            .args(options)
            .arg("--bundle")
            .arg(&bundle)
            .arg(&spec.name)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .status();
        let status = timeout(MADE_WITHIN, status)
            .await
            .with_context(|| format!("runc made no sandbox within {} s", MADE_WITHIN.as_secs()))?
            .context("runc cannot be started")?;
        anyhow::ensure!(
            status.success(),
            "the sandbox could not be made: {}",
            console::words(&spec.folder)
        );
        Ok(())
    }
}

/// Whether `runc` says that it cannot write control groups.
fn is_about_limits(error: &anyhow::Error) -> bool {
    let said = format!("{error:#}").to_lowercase();
    ["cgroup", "control group", "memsw", "memory.swap"]
        .iter()
        .any(|word| said.contains(word))
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
    let output = command(state).args(["delete", "--force", name]).output();
    let output = timeout(REMOVED_WITHIN, output).await.with_context(|| {
        let seconds = REMOVED_WITHIN.as_secs();
        format!("runc did not delete the container {name} within {seconds} s")
    })??;
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
    // Whoever does not wait for it any more ends it.
    command.kill_on_drop(true).arg("--root").arg(state);
    command
}

#[cfg(test)]
mod tests {
    use super::is_about_limits;
    use anyhow::anyhow;

    #[test]
    fn only_words_about_control_groups_lead_to_fewer_limits() {
        for (said, so) in [
            ("mkdir /sys/fs/cgroup/x: read-only file system", true),
            ("open memory.memsw.limit_in_bytes: permission denied", true),
            ("runc does not answer", false),
            ("runc made no sandbox within 60 s", false),
            ("runc cannot be started", false),
        ] {
            assert_eq!(is_about_limits(&anyhow!(said)), so, "{said}");
        }
    }
}
