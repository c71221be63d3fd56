//! Walls around an instance: what it may see, reach and use up.

pub mod bubblewrap;
pub mod console;
mod probe;
pub mod runc;
pub mod spec;
mod system;

use crate::config::SandboxChoice;
use crate::process::{self, Identity, Watched};
use anyhow::Context;
use bubblewrap::Bubblewrap;
use runc::Runc;
use spec::SandboxSpec;
use std::path::{Path, PathBuf};

/// The sandbox of this cell.
#[derive(Debug)]
pub struct Sandbox {
    by: By,
    /// Where `runc` keeps what it knows of containers; a former cell may have used it.
    runc_state: PathBuf,
}

#[derive(Debug)]
enum By {
    Runc(Runc),
    Bubblewrap(Bubblewrap),
}

impl Sandbox {
    /// Finds out by trying what works on this machine, and says what that does not enforce.
    pub async fn choose(choice: SandboxChoice, data: &Path) -> anyhow::Result<Self> {
        let sandbox = Self {
            by: find(choice, data).await?,
            runc_state: runc::state(data),
        };
        for what in sandbox.unenforced() {
            tracing::warn!(sandbox = sandbox.name(), "not enforced here: {what}");
        }
        Ok(sandbox)
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match &self.by {
            By::Runc(_) => runc::NAME,
            By::Bubblewrap(_) => bubblewrap::NAME,
        }
    }

    /// What it does not enforce here.
    pub fn unenforced(&self) -> Vec<String> {
        match &self.by {
            By::Runc(runc) => runc.unenforced().to_vec(),
            By::Bubblewrap(bubblewrap) => bubblewrap.unenforced().to_vec(),
        }
    }

    /// The owner, here, of the files that an instance with the user id `uid` writes.
    pub fn owner(&self, uid: u32) -> Option<u32> {
        match &self.by {
            By::Runc(_) => Some(uid),
            By::Bubblewrap(_) => None,
        }
    }

    /// Starts what `spec` says; gives the first process within.
    pub async fn start(&self, spec: &SandboxSpec) -> anyhow::Result<Identity> {
        match &self.by {
            By::Runc(runc) => runc.start(spec).await,
            By::Bubblewrap(bubblewrap) => bubblewrap.start(spec).await,
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
        runc::delete(&self.runc_state, name).await
    }

    /// Names of the containers there are.
    pub fn containers(&self) -> std::io::Result<Vec<String>> {
        runc::containers(&self.runc_state)
    }
}

async fn find(choice: SandboxChoice, data: &Path) -> anyhow::Result<By> {
    let runc = match choice {
        SandboxChoice::Bubblewrap => None,
        SandboxChoice::Runc | SandboxChoice::Auto => Some(Runc::probe(data).await),
    };
    match (choice, runc) {
        (_, Some(Ok(runc))) => Ok(By::Runc(runc)),
        (SandboxChoice::Runc, Some(Err(error))) => Err(error)
            .context("runc does not work here; install it, run as root, or choose bubblewrap"),
        (_, runc) => {
            let why = runc
                .and_then(Result::err)
                .map(|error| format!("runc is not used: {error:#}"));
            let bubblewrap = Bubblewrap::probe(data, why)
                .await
                .context("no sandbox works here; install runc (as root) or bubblewrap")?;
            Ok(By::Bubblewrap(bubblewrap))
        }
    }
}
