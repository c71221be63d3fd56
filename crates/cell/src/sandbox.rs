//! Walls around an instance: what it may see, reach and use up.

pub mod bubblewrap;
pub mod runc;
mod system;

use crate::config::SandboxChoice;
use crate::process::{self, Identity, Watched};
use anyhow::Context;
use bubblewrap::Bubblewrap;
use runc::Runc;
use std::path::{Path, PathBuf};

/// Everything a sandbox needs to know of one instance.
pub struct Confinement {
    /// The name of the container; unique on this machine.
    pub name: String,
    /// A folder that is this instance's and not visible to it.
    pub folder: PathBuf,
    /// The user id it runs as.
    pub uid: u32,
    /// The program and its arguments, by the sandbox's own paths.
    pub command: Vec<String>,
    /// Its environment; may hold secrets.
    pub environment: Vec<(String, String)>,
    /// What it sees of this machine, besides the system's programs and libraries.
    pub mounts: Vec<Mount>,
    /// Folders in memory: path and size in bytes.
    pub scratch: Vec<(String, u64)>,
    /// Limits on what it uses.
    pub limits: Limits,
}

/// A file or folder of this machine that an instance sees.
pub struct Mount {
    /// Here.
    pub source: PathBuf,
    /// There.
    pub target: String,
    /// Whether it may be changed from there.
    pub writable: bool,
}

impl Mount {
    /// To read only.
    pub fn read(source: impl Into<PathBuf>, target: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            target: target.into(),
            writable: false,
        }
    }

    /// To read and write.
    pub fn write(source: impl Into<PathBuf>, target: impl Into<String>) -> Self {
        Self {
            writable: true,
            ..Self::read(source, target)
        }
    }
}

/// Limits on what an instance uses.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// Processor, thousandths of a core.
    pub cpu_milli: u32,
    /// Processes and threads.
    pub pids: u32,
}

/// The sandbox of this cell.
#[derive(Debug)]
pub enum Sandbox {
    /// By `runc`.
    Runc(Runc),
    /// By `bwrap`.
    Bubblewrap(Bubblewrap),
}

impl Sandbox {
    /// Finds out by trying what works on this machine, and says what that does not enforce.
    pub async fn choose(choice: SandboxChoice, data: &Path) -> anyhow::Result<Self> {
        let sandbox = Self::find(choice, data).await?;
        for caveat in sandbox.caveats() {
            tracing::warn!(sandbox = sandbox.name(), "not enforced here: {caveat}");
        }
        Ok(sandbox)
    }

    async fn find(choice: SandboxChoice, data: &Path) -> anyhow::Result<Self> {
        let runc = match choice {
            SandboxChoice::Bubblewrap => None,
            SandboxChoice::Runc | SandboxChoice::Auto => Some(Runc::probe(data).await),
        };
        match (choice, runc) {
            (_, Some(Ok(runc))) => Ok(Self::Runc(runc)),
            (SandboxChoice::Runc, Some(Err(error))) => Err(error)
                .context("runc does not work here; install it, run as root, or choose bubblewrap"),
            (_, runc) => {
                let why = runc
                    .and_then(Result::err)
                    .map(|error| format!("runc is not used: {error:#}"));
                let bubblewrap = Bubblewrap::probe(data, why)
                    .await
                    .context("no sandbox works here; install runc (as root) or bubblewrap")?;
                Ok(Self::Bubblewrap(bubblewrap))
            }
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Runc(_) => runc::NAME,
            Self::Bubblewrap(_) => bubblewrap::NAME,
        }
    }

    /// What it does not enforce here.
    pub fn caveats(&self) -> Vec<String> {
        match self {
            Self::Runc(runc) => runc.caveats().to_vec(),
            Self::Bubblewrap(bubblewrap) => bubblewrap.caveats().to_vec(),
        }
    }

    /// The owner, here, of the files that an instance with the user id `uid` writes.
    pub fn owner(&self, uid: u32) -> Option<u32> {
        match self {
            Self::Runc(_) => Some(uid),
            Self::Bubblewrap(_) => None,
        }
    }

    /// Starts what `confinement` says; gives the first process within.
    pub async fn start(&self, confinement: &Confinement) -> anyhow::Result<Identity> {
        match self {
            Self::Runc(runc) => runc.start(confinement).await,
            Self::Bubblewrap(bubblewrap) => bubblewrap.start(confinement).await,
        }
    }

    /// Ends everything in a container and removes what the sandbox keeps about it. Idempotent.
    pub async fn remove(&self, name: &str, first: Option<Identity>) -> anyhow::Result<()> {
        if let Some(first) = first
            && let Some(watched) = Watched::open(first)?
        {
            watched.signal(rustix::process::Signal::KILL);
            watched.ended().await;
        }
        first.and_then(process::collect);
        // A cell may have started it that used another sandbox.
        runc::delete(self.runc_state(), name).await
    }

    /// Names of the containers there are.
    pub fn containers(&self) -> std::io::Result<Vec<String>> {
        runc::containers(self.runc_state())
    }

    fn runc_state(&self) -> &Path {
        match self {
            Self::Runc(runc) => runc.state(),
            Self::Bubblewrap(bubblewrap) => bubblewrap.runc_state(),
        }
    }
}
