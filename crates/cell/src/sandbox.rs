//! Walls around an instance: what it may see, reach and use up.

pub mod bubblewrap;
pub mod console;
mod probe;
pub mod runc;
pub mod spec;
pub mod stray;
mod system;

use crate::config::SandboxChoice;
use crate::process::{self, Identity, Watched};
use anyhow::Context;
use bubblewrap::Bubblewrap;
use runc::Runc;
use rustix::process::Signal;
use spec::SandboxSpec;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a process may take to end that was killed.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

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
    /// Nothing works, because of this; what runs is served all the same.
    Nothing(String),
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

    /// None that could start anything, because of `why`.
    pub fn nothing(why: String, data: &Path) -> Self {
        Self {
            by: By::Nothing(why),
            runc_state: runc::state(data),
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match &self.by {
            By::Runc(_) => runc::NAME,
            By::Bubblewrap(_) => bubblewrap::NAME,
            By::Nothing(_) => "none",
        }
    }

    /// Whether an instance can use no more than its share of the machine.
    pub fn limits(&self) -> bool {
        match &self.by {
            By::Runc(runc) => runc.limits(),
            By::Bubblewrap(_) => false,
            By::Nothing(_) => true,
        }
    }

    /// Why no instance can be started, where none can.
    pub fn problem(&self) -> Option<String> {
        match &self.by {
            By::Nothing(why) => Some(format!("no instance can be started: {why}")),
            By::Runc(_) | By::Bubblewrap(_) => None,
        }
    }

    /// What it does not enforce here.
    pub fn unenforced(&self) -> Vec<String> {
        match &self.by {
            By::Runc(runc) => runc.unenforced().to_vec(),
            By::Bubblewrap(bubblewrap) => bubblewrap.unenforced().to_vec(),
            By::Nothing(_) => Vec::new(),
        }
    }

    /// The owner, here, of the files that an instance with the user id `uid` writes.
    pub fn owner(&self, uid: u32) -> Option<u32> {
        match &self.by {
            By::Runc(_) => Some(uid),
            By::Bubblewrap(_) | By::Nothing(_) => None,
        }
    }

    /// Starts what `spec` says; gives the first process within. Whoever does not wait for it any more ends it.
    pub async fn start(&self, spec: &SandboxSpec) -> anyhow::Result<Identity> {
        match &self.by {
            By::Runc(runc) => runc.start(spec).await,
            By::Bubblewrap(bubblewrap) => bubblewrap.start(spec).await,
            By::Nothing(why) => anyhow::bail!("no instance can be started: {why}"),
        }
    }

    /// Ends the first process of a sandbox, and with it all others. Idempotent.
    pub async fn end(&self, first: Identity) -> anyhow::Result<()> {
        if let Some(watched) = Watched::open(first)? {
            watched.signal(Signal::KILL);
            anyhow::ensure!(
                watched.ended_within(ENDS_WITHIN).await,
                "the process {} was killed and has not ended within {} s: it waits for the kernel",
                first.pid,
                ENDS_WITHIN.as_secs()
            );
        }
        process::collect(first);
        Ok(())
    }

    /// Ends everything in the container `name`, whose instance has the folder `folder`, and removes what the sandbox
    /// keeps about it. Idempotent.
    pub async fn remove(
        &self,
        name: &str,
        folder: &Path,
        first: Option<Identity>,
    ) -> anyhow::Result<()> {
        let unknown = match (first, folder.parent(), folder.file_name()) {
            (None, Some(instances), Some(name)) => {
                let mut strays = stray::all(instances);
                strays.retain(|stray| name == stray.instance.as_str());
                strays
            }
            _ => Vec::new(),
        };
        let unknown = unknown.into_iter().map(|stray| stray.process);
        for process in first.into_iter().chain(unknown) {
            self.end(process).await?;
        }
        // A cell may have started it that used another sandbox.
        runc::delete(&self.runc_state, name).await
    }

    /// Names of the containers there are.
    pub fn containers(&self) -> std::io::Result<Vec<String>> {
        runc::containers(&self.runc_state)
    }
}

/// Root is given no less than `runc` unless it was asked for: by bubblewrap instances would run as root.
async fn find(choice: SandboxChoice, data: &Path) -> anyhow::Result<By> {
    let by_bubblewrap = async |why: Option<String>| {
        let found = Bubblewrap::probe(data, why).await;
        found
            .map(By::Bubblewrap)
            .context("no sandbox works here; install runc (as root) or bubblewrap")
    };
    match choice {
        SandboxChoice::Bubblewrap => by_bubblewrap(None).await,
        SandboxChoice::Auto if !rustix::process::geteuid().is_root() => {
            let why =
                "runc is not used: it needs root to give each environment a user id of its own";
            by_bubblewrap(Some(why.to_owned())).await
        }
        SandboxChoice::Auto | SandboxChoice::Runc => {
            let found = Runc::probe(data).await;
            found.map(By::Runc).context(
                "runc does not work here; install or mend it, run as root, or choose bubblewrap with \
                 CELL_SANDBOX=bubblewrap",
            )
        }
    }
}
