//! Tasks of the background as their table has them.

use std::time::Duration;
use time::OffsetDateTime;

/// A task of the background and how its last pass went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStatus {
    /// Its name: `workloads`.
    pub name: String,
    /// The process that ran it last: host and process id.
    pub replica: String,
    /// Whether only the leader among the replicas runs it. Otherwise each does, and this is the latest.
    pub leader_only: bool,
    /// When the latest pass began.
    pub last_started_at: OffsetDateTime,
    /// When a pass last ended; before the start while one is under way.
    pub last_finished_at: Option<OffsetDateTime>,
    /// How long that one took.
    pub took: Option<Duration>,
    /// Passes that ended, since ever.
    pub runs: i64,
    /// Those of them that failed.
    pub failures: i64,
    /// Why the last pass failed; none if it did not.
    pub last_error: Option<String>,
    /// When the next one follows, unless something wakes it before; none while one is under way.
    pub next_at: Option<OffsetDateTime>,
}

/// Which task, and where it runs.
pub(crate) struct TaskRef {
    pub(crate) name: String,
    pub(crate) replica: String,
    pub(crate) leader_only: bool,
}

/// The end of a pass, with those before it that were not written.
pub(crate) struct PassRecord {
    pub(crate) started_at: OffsetDateTime,
    pub(crate) ended_at: OffsetDateTime,
    pub(crate) took: Duration,
    pub(crate) runs: i64,
    pub(crate) failures: i64,
    pub(crate) error: Option<String>,
    pub(crate) next_at: OffsetDateTime,
}
