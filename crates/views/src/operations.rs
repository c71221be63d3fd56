//! Operations: everything that takes longer than a request.

use domain::ids::OperationId;
use domain::rights::Access;
use domain::states::{OperationState, Status, Tone};
use domain::topics::Topic;
use serde::{Deserialize, Serialize};

/// An operation in a list, in the tray or at the top of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationSummary {
    pub id: OperationId,
    /// What it does: `Create Shop`.
    pub title: String,
    pub state: OperationState,
    /// The phase it is in; may be empty.
    pub phase: String,
    /// How much of the whole is done.
    pub percent: u8,
    /// What is being done right now; may be empty.
    pub detail: String,
    /// Why it failed.
    pub error: Option<String>,
    pub started_by: String,
    /// When it was asked for.
    pub created_at: i64,
    pub finished_at: Option<i64>,
    pub read_at: i64,
    /// Seconds since the worker was last heard of.
    pub silent_seconds: Option<i64>,
}

impl OperationSummary {
    /// The state as a chip.
    pub fn status(&self) -> Status {
        Status {
            tone: self.state.tone(),
            label: self.state.label().to_owned(),
        }
    }
}

/// An operation on its own page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationDetails {
    pub summary: OperationSummary,
    /// In order.
    pub phases: Vec<Phase>,
    /// Oldest first.
    pub log: Vec<LogEntry>,
    /// Lines before those.
    pub log_skipped: i64,
    /// The subdomain of the app it is about, if that is still there.
    pub app: Option<String>,
    /// The name in addresses of the environment it is about.
    pub environment: Option<String>,
    pub cancel: Access,
    /// Whether its undo can be tried again.
    pub retry: Access,
}

impl OperationDetails {
    /// What may change it.
    pub fn topics(&self) -> Vec<Topic> {
        vec![Topic::Operation(self.summary.id)]
    }
}

/// A phase of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// What is done in it.
    pub title: String,
    pub state: PhaseState,
    /// Why it failed.
    pub error: Option<String>,
}

/// How far a phase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseState {
    Waiting,
    Running,
    Done,
    Failed,
    Undoing,
    Undone,
}

impl PhaseState {
    /// As a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Running => "Under way",
            Self::Done => "Done",
            Self::Failed => "Failed",
            Self::Undoing => "Being undone",
            Self::Undone => "Undone",
        }
    }

    /// The tone of its mark.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Waiting | Self::Undone => Tone::Idle,
            Self::Running => Tone::Busy,
            Self::Done => Tone::Ok,
            Self::Failed => Tone::Bad,
            Self::Undoing => Tone::Warn,
        }
    }
}

/// A line of an operation's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    pub at: i64,
    pub line: String,
}
