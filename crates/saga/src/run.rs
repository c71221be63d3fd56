//! What can be read about a run.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::saga::{SagaId, StarterKind};

/// Where a run is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum RunState {
    /// Written down; no worker has taken it yet.
    Queued,
    /// Its steps are being run.
    Running,
    /// Parked before its end: a signal, a moment or the end of another run wakes it. No worker has it.
    Waiting,
    /// Its steps are being undone, after a failure or a cancel.
    Unwinding,
    /// Every step is done.
    Succeeded,
    /// A step failed and everything begun is undone.
    Failed,
    /// Cancelled, and everything begun is undone.
    Cancelled,
    /// An undo failed: somebody has to look.
    Stuck,
}

/// Where a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum StepState {
    /// Not begun, or waiting for its next attempt.
    Pending,
    /// Under way.
    Running,
    /// Done and recorded.
    Done,
    /// Failed.
    Failed,
    /// Being undone.
    Undoing,
    /// Undone.
    Undone,
    /// Its undo failed.
    UndoFailed,
}

/// One run as people see it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id.
    pub id: SagaId,
    /// The saga's name.
    pub name: String,
    /// The tenant.
    pub scope: Uuid,
    /// What kind of thing it works on.
    pub subject_kind: String,
    /// The thing it works on.
    pub subject: Uuid,
    /// What people call it.
    pub title: String,
    /// The name of whoever started it.
    pub started_by: String,
    /// What kind of starter that is.
    pub started_by_kind: StarterKind,
    /// The id of the person or the key that started it.
    pub started_by_id: Option<Uuid>,
    /// Where it is in its life.
    pub state: RunState,
    /// Whether a cancel was asked for.
    pub cancel_requested: bool,
    /// The title of the step under way.
    pub phase: String,
    /// How far the whole run is.
    pub percent: i16,
    /// What the step under way says about itself.
    pub detail: String,
    /// Why it failed or is stuck, for people.
    pub error: Option<String>,
    /// The signal it waits for, if it is parked for one.
    pub waits_for: Option<String>,
    /// When it is taken up again by itself, if it is parked for a time.
    pub wakes_at: Option<OffsetDateTime>,
    /// When its worker last gave a sign of life.
    pub heartbeat_at: Option<OffsetDateTime>,
    /// When it was started.
    pub created_at: OffsetDateTime,
    /// When anything about it last changed.
    pub updated_at: OffsetDateTime,
    /// When it ended; a stuck run has not ended.
    pub finished_at: Option<OffsetDateTime>,
}

impl Run {
    /// Whether it has no worker until something wakes it. A run may be parked while it unwinds, too.
    pub fn is_parked(&self) -> bool {
        let woken_by_something = self.waits_for.is_some() || self.wakes_at.is_some();
        self.state == RunState::Waiting || (self.state == RunState::Unwinding && woken_by_something)
    }
}

/// An unfinished run that the registry has no steps for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVersion {
    /// The run.
    pub id: SagaId,
    /// Its saga's name.
    pub name: String,
    /// The version of the saga that it was started by.
    pub version: i16,
    /// What people call it.
    pub title: String,
}

/// One step of a run as people see it.
#[derive(Clone, Debug)]
pub struct StepRow {
    /// Its place, from 0.
    pub position: i16,
    /// Its name in the database.
    pub name: String,
    /// The phase that people read.
    pub title: String,
    /// Where it is.
    pub state: StepState,
    /// Why its last attempt or its undo failed, for people.
    pub error: Option<String>,
    /// When it was first begun.
    pub started_at: Option<OffsetDateTime>,
    /// When its latest answer was recorded.
    pub finished_at: Option<OffsetDateTime>,
}

/// One line of a run's log.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// Its number in the run, from 1.
    pub seq: i64,
    /// When it was written.
    pub at: OffsetDateTime,
    /// What it says.
    pub line: String,
}

/// Which runs a list holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Only those that work on this thing.
    pub subject: Option<Uuid>,
    /// Only those that have not ended.
    pub unfinished_only: bool,
}

/// The last run of a page; the next page begins after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// When that run was started.
    pub created_at: OffsetDateTime,
    /// Its id.
    pub id: SagaId,
}
