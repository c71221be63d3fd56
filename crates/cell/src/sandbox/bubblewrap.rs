//! The sandbox by `bwrap`: the same view of the machine, for users who are not root. No limits.

use super::spec::{Mount, SandboxSpec};
use super::system::{self, Part};
use super::{console, probe};
use crate::disk;
use crate::process::{self, Identity};
use anyhow::Context;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Its name.
pub const NAME: &str = "bubblewrap";

/// How long `bwrap` may take to make its sandbox.
const MADE_WITHIN: Duration = Duration::from_secs(10);

/// The sandbox by `bwrap`.
#[derive(Debug)]
pub struct Bubblewrap {
    unenforced: Vec<String>,
}

impl Bubblewrap {
    /// Tries it. `instead_of` says why a better sandbox is not used.
    pub async fn probe(data: &Path, instead_of: Option<String>) -> anyhow::Result<Self> {
        let mut unenforced = vec![
            "limits on memory, processor and processes are not enforced by bubblewrap".to_owned(),
            "environments have no user id of their own: they are kept apart by what each can see"
                .to_owned(),
            "system calls are not filtered".to_owned(),
        ];
        if rustix::process::geteuid().is_root() {
            unenforced.push(
                "instances run as root of this machine, shut in by their namespaces alone"
                    .to_owned(),
            );
        }
        unenforced.extend(instead_of);
        let bubblewrap = Self { unenforced };
        let folder = data.join("probe");
        disk::private_dir(&folder)?;
        let spec = probe::spec(&folder)?;
        let mut making = Making(Some(spawn(&spec)?));
        let waited = timeout(MADE_WITHIN, making.child()?.wait()).await;
        let said = console::words(&folder);
        disk::remove_dir(&folder)?;
        let status = waited.context("bubblewrap does not end")??;
        anyhow::ensure!(status.success(), "bubblewrap does not work: {said}");
        Ok(bubblewrap)
    }

    /// What is not enforced.
    pub fn unenforced(&self) -> &[String] {
        &self.unenforced
    }

    /// Starts a sandbox that outlives this process.
    pub async fn start(&self, spec: &SandboxSpec) -> anyhow::Result<Identity> {
        let mut making = Making(Some(spawn(spec)?));
        let outer = making.child()?.id().context("bubblewrap ended at once")?;
        let deadline = tokio::time::Instant::now() + MADE_WITHIN;
        let inner = loop {
            if let Some(inner) = process::first_child(outer).and_then(Identity::of) {
                break inner;
            }
            if making.child()?.try_wait()?.is_some() {
                anyhow::bail!(
                    "the sandbox could not be made: {}",
                    console::words(&spec.folder)
                );
            }
            anyhow::ensure!(
                tokio::time::Instant::now() < deadline,
                "the sandbox was not made within {} s",
                MADE_WITHIN.as_secs()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
        if let Some(mut child) = making.0.take() {
            // The outer process ends with the inner one; somebody has to collect it.
            tokio::spawn(async move { child.wait().await });
        }
        Ok(inner)
    }
}

/// A sandbox that is being made; what is half made is ended when nobody waits for it any more.
struct Making(Option<Child>);

impl Making {
    fn child(&mut self) -> anyhow::Result<&mut Child> {
        self.0.as_mut().context("the sandbox is made")
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else {
            return;
        };
        let inner = child.id().and_then(process::first_child);
        if let Some(inner) = inner.and_then(Identity::of) {
            inner.kill();
        }
        drop(child.start_kill());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { child.wait().await });
        }
    }
}

fn spawn(spec: &SandboxSpec) -> anyhow::Result<Child> {
    let console = console::open(&spec.folder)?;
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
        .args(["--uid", &spec.uid.to_string()])
        .args(["--gid", &spec.uid.to_string()]);
    for part in system::parts()? {
        match part {
            Part::Shown(path) => command.arg("--ro-bind").arg(&path).arg(&path),
            Part::Link(path, to) => command.arg("--symlink").arg(to).arg(path),
        };
    }
    for (name, text) in [
        ("passwd", system::users(spec.uid)),
        ("group", system::groups(spec.uid)),
    ] {
        let file = spec.folder.join(name);
        std::fs::write(&file, text)?;
        command
            .arg("--ro-bind")
            .arg(file)
            .arg(format!("/etc/{name}"));
    }
    for (target, bytes) in &spec.scratch {
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
    } in &spec.mounts
    {
        let how = if *writable { "--bind" } else { "--ro-bind" };
        command.arg(how).arg(source).arg(target);
    }
    // The environment goes by inheritance: arguments can be read by every user.
    command
        .args(["--remount-ro", "/", "--chdir", "/", "--"])
        .args(&spec.command)
        .env_clear()
        .envs(spec.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(console.try_clone()?)
        .stderr(console);
    if let Some(path) = std::env::var_os("PATH")
        && !spec.environment.iter().any(|(name, _)| name == "PATH")
    {
        command.env("PATH", path);
    }
    command.spawn().context("bwrap cannot be started")
}
