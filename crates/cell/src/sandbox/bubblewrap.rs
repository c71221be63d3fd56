//! The sandbox by `bwrap`: the same view of the machine, for users who are not root. No limits.

use super::runc::{self, console_file, words};
use super::system::{self, Part};
use super::{Confinement, Limits, Mount};
use crate::disk;
use crate::process::{self, Identity};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// Its name.
pub const NAME: &str = "bubblewrap";

/// How long `bwrap` may take to make its sandbox.
const MADE_WITHIN: Duration = Duration::from_secs(10);

/// The sandbox by `bwrap`.
#[derive(Debug)]
pub struct Bubblewrap {
    caveats: Vec<String>,
    runc_state: PathBuf,
}

impl Bubblewrap {
    /// Tries it. `instead_of` says why a better sandbox is not used.
    pub async fn probe(data: &Path, instead_of: Option<String>) -> anyhow::Result<Self> {
        let mut caveats = vec![
            "limits on memory, processor and processes are not enforced by bubblewrap".to_owned(),
            "environments have no user id of their own: they are kept apart by what each can see"
                .to_owned(),
            "system calls are not filtered".to_owned(),
        ];
        if rustix::process::geteuid().is_root() {
            caveats.push(
                "instances run as root of this machine, shut in by their namespaces alone"
                    .to_owned(),
            );
        }
        caveats.extend(instead_of);
        let bubblewrap = Self {
            caveats,
            runc_state: runc::state(data),
        };
        let folder = data.join("probe");
        disk::private_dir(&folder)?;
        let confinement = probe_confinement(&folder)?;
        let mut child = spawn(&confinement)?;
        let status = child.wait().await?;
        let said = words(&folder.join("console"));
        disk::remove_dir(&folder)?;
        anyhow::ensure!(status.success(), "bubblewrap does not work: {said}");
        Ok(bubblewrap)
    }

    /// What is not enforced.
    pub fn caveats(&self) -> &[String] {
        &self.caveats
    }

    /// Where a cell that used `runc` kept what it knew of containers.
    pub fn runc_state(&self) -> &Path {
        &self.runc_state
    }

    /// Starts a sandbox that outlives this process.
    pub async fn start(&self, confinement: &Confinement) -> anyhow::Result<Identity> {
        let mut child = spawn(confinement)?;
        let outer = child.id().context("bubblewrap ended at once")?;
        let deadline = tokio::time::Instant::now() + MADE_WITHIN;
        let inner = loop {
            if let Some(inner) = process::first_child(outer).and_then(Identity::of) {
                break inner;
            }
            let console = confinement.folder.join("console");
            if child.try_wait()?.is_some() {
                anyhow::bail!("the sandbox could not be made: {}", words(&console));
            }
            anyhow::ensure!(
                tokio::time::Instant::now() < deadline,
                "the sandbox was not made within {} s",
                MADE_WITHIN.as_secs()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
        // The outer process ends with the inner one; somebody has to collect it.
        tokio::spawn(async move { child.wait().await });
        Ok(inner)
    }
}

fn spawn(confinement: &Confinement) -> anyhow::Result<Child> {
    let console = console_file(&confinement.folder.join("console"))?;
    let mut command = Command::new("bwrap");
    command
        .args([
            "--unshare-all",
            "--new-session",
            "--cap-drop",
            "ALL",
            "--as-pid-1",
        ])
        .args(["--hostname", "app", "--proc", "/proc", "--dev", "/dev"])
        .args(["--uid", &confinement.uid.to_string()])
        .args(["--gid", &confinement.uid.to_string()]);
    for part in system::parts()? {
        match part {
            Part::Shown(path) => command.arg("--ro-bind").arg(&path).arg(&path),
            Part::Link(path, to) => command.arg("--symlink").arg(to).arg(path),
        };
    }
    for (name, text) in [
        ("passwd", system::users(confinement.uid)),
        ("group", system::groups(confinement.uid)),
    ] {
        let file = confinement.folder.join(name);
        std::fs::write(&file, text)?;
        command
            .arg("--ro-bind")
            .arg(file)
            .arg(format!("/etc/{name}"));
    }
    for (target, bytes) in &confinement.scratch {
        command.args([
            "--perms",
            "0700",
            "--size",
            &bytes.to_string(),
            "--tmpfs",
            target,
        ]);
    }
    for Mount {
        source,
        target,
        writable,
    } in &confinement.mounts
    {
        let how = if *writable { "--bind" } else { "--ro-bind" };
        command.arg(how).arg(source).arg(target);
    }
    // The environment goes by inheritance: arguments can be read by every user.
    command
        .args(["--remount-ro", "/", "--chdir", "/", "--"])
        .args(&confinement.command)
        .env_clear()
        .envs(
            confinement
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .stdin(Stdio::null())
        .stdout(console.try_clone()?)
        .stderr(console);
    if let Some(path) = std::env::var_os("PATH")
        && !confinement
            .environment
            .iter()
            .any(|(name, _)| name == "PATH")
    {
        command.env("PATH", path);
    }
    command.spawn().context("bwrap cannot be started")
}

/// The smallest thing that shows that a sandbox works: this program, asked for its version.
pub fn probe_confinement(folder: &Path) -> anyhow::Result<Confinement> {
    Ok(Confinement {
        name: format!("probe-{}", uuid::Uuid::new_v4()),
        folder: folder.to_owned(),
        uid: 65_534,
        command: ["/cell", "--version"].map(str::to_owned).to_vec(),
        environment: Vec::new(),
        mounts: vec![Mount::read(process::own_program()?, "/cell")],
        scratch: vec![("/tmp".to_owned(), 1 << 20)],
        limits: Limits {
            memory_bytes: 64 << 20,
            cpu_milli: 1_000,
            pids: 16,
        },
    })
}
