//! The operator's page: how the installation itself is doing.

use domain::ids::{EnvironmentId, OrphanId};
use domain::rights::Access;
use domain::topics::Topic;
use serde::{Deserialize, Serialize};

/// Everything of the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorPage {
    /// Those that serve a region.
    pub engines: Vec<Engine>,
    pub tasks: Vec<Task>,
    /// What no row knows: the first of it.
    pub orphans: Vec<Orphan>,
    /// How much of it there is.
    pub orphan_count: u64,
    /// When the last search for it began.
    pub searched_at: Option<i64>,
    /// Whether a search was asked for that has not ended.
    pub searching: bool,
    /// Where the last search could not look, and why.
    pub unseen: Vec<String>,
    pub search: Access,
    pub remove: Access,
}

/// An engine, as it last told of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    pub name: String,
    /// The codes of the regions that it serves.
    pub regions: Vec<String>,
    /// Its version and its sandbox; none where it has told nothing that this release can read.
    pub version: Option<String>,
    /// What an operator should look at, each with what to do.
    pub problems: Vec<String>,
    /// What its sandbox does not enforce.
    pub unenforced: Vec<String>,
    pub room: Option<Room>,
    /// When it was last heard.
    pub seen_at: Option<i64>,
    /// Whether that is too long ago.
    pub silent: bool,
}

/// What is left of an engine's machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    pub memory_bytes: u64,
    /// What is promised to nobody yet.
    pub memory_free_bytes: u64,
    pub disk_bytes: u64,
    /// What may be written before its reserve is touched.
    pub disk_free_bytes: u64,
}

/// A task of the background.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub name: String,
    /// Host and process id of the replica that ran it last.
    pub replica: String,
    pub last_started_at: i64,
    pub took_ms: Option<u64>,
    /// Passes that ended.
    pub runs: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// Why the last pass failed; none if it did not.
    pub last_error: Option<String>,
    pub next_at: Option<i64>,
}

/// Something that no row knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orphan {
    pub id: OrphanId,
    /// What it is: `database`.
    pub kind: String,
    /// The environment that it was made for.
    pub environment: EnvironmentId,
    /// The engine, server or folder, in words.
    pub place: String,
    pub first_seen_at: i64,
    pub last_seen_at: i64,
    /// Whether its removal was asked for and not tried yet.
    pub removing: bool,
    /// Who asked for that last.
    pub asked_by: Option<String>,
    pub removed_at: Option<i64>,
    /// Why the last attempt to remove it failed.
    pub failure: Option<String>,
}

impl OperatorPage {
    /// When to ask again.
    pub fn topics(&self) -> Vec<Topic> {
        vec![Topic::Orphans]
    }

    /// What an operator should look at now, a sentence each.
    pub fn alarms(&self) -> Vec<String> {
        let engines = self.engines.iter().flat_map(|engine| {
            let silent = format!("Engine {}: it is silent.", engine.name);
            let problems = engine.problems.iter();
            let problems = problems.map(|problem| format!("Engine {}: {problem}", engine.name));
            engine.silent.then_some(silent).into_iter().chain(problems)
        });
        let tasks = self.tasks.iter().filter_map(|task| {
            let error = task.last_error.as_ref()?;
            Some(format!("Task {}: {error}", task.name))
        });
        engines.chain(tasks).collect()
    }
}
