//! What the operation screens ask of the server.

#![expect(
    missing_docs,
    reason = "an argument of a server function is a field that cannot be documented"
)]

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::server_context;
use domain::permissions::Access;
use domain::states::{OperationState, Status};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// An operation in a list, in the tray or at the top of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationSummary {
    /// Its id.
    pub id: String,
    /// What it does: `Create Shop`.
    pub title: String,
    /// Its state.
    pub state: OperationState,
    /// The phase it is in.
    pub phase: String,
    /// How much of the whole is done.
    pub percent: u8,
    /// What is being done right now; may be empty.
    pub detail: String,
    /// Why it failed.
    pub error: Option<String>,
    /// Who asked for it.
    pub started_by: String,
    /// When it was asked for.
    pub created_at: i64,
    /// When it ended.
    pub finished_at: Option<i64>,
    /// When this was read.
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

/// A page of operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationList {
    /// The operations, newest first.
    pub items: Vec<OperationSummary>,
    /// Where the list goes on.
    pub next: Option<String>,
}

/// An operation on its own page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationDetails {
    /// The same as in a list.
    pub summary: OperationSummary,
    /// Its phases, in order.
    pub phases: Vec<Phase>,
    /// Its log, oldest first.
    pub log: Vec<LogEntry>,
    /// The app it is about, if it is still there.
    pub app: Option<String>,
    /// The environment it is about.
    pub environment: Option<String>,
    /// Whether it can be cancelled.
    pub cancel: Access,
    /// Whether its undo can be tried again.
    pub retry: Access,
}

/// A phase of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// What is done in it.
    pub title: String,
    /// How far it is.
    pub state: PhaseState,
    /// Why it failed.
    pub error: Option<String>,
}

/// How far a phase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PhaseState {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Being taken back.
    Undoing,
    /// Taken back.
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

    /// The value of `data-state`.
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Waiting | Self::Undone => "idle",
            Self::Running => "busy",
            Self::Done => "ok",
            Self::Failed => "bad",
            Self::Undoing => "warn",
        }
    }
}

/// A line of an operation's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When.
    pub at: i64,
    /// What.
    pub line: String,
}

/// The company's operations, newest first.
#[server]
pub async fn list_operations(
    unfinished_only: bool,
    after: Option<String>,
) -> Result<OperationList, AppError> {
    let ctx = server_context::ctx().await?;
    let after = after.map(control::page::Cursor::from_text);
    let page = control::operations::list(&ctx, unfinished_only, after).await?;
    Ok(from_control::operation_list(page, ctx.now()))
}

/// One operation with phases and log.
#[server]
pub async fn get_operation(operation: String) -> Result<OperationDetails, AppError> {
    let ctx = server_context::ctx().await?;
    let id = operation.parse().map_err(|_| AppError::NotFound)?;
    let details = control::operations::get(&ctx, id).await?;
    Ok(from_control::operation_details(details, ctx.now()))
}

/// Asks for an operation to stop and to take back what it made.
#[server]
pub async fn cancel_operation(operation: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let id = operation.parse().map_err(|_| AppError::NotFound)?;
    Ok(control::operations::cancel(&ctx, id).await?)
}

/// Has the undo of a stuck operation tried once more.
#[server]
pub async fn retry_operation(operation: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let id = operation.parse().map_err(|_| AppError::NotFound)?;
    Ok(control::operations::retry(&ctx, id).await?)
}

#[cfg(feature = "ssr")]
pub(crate) mod from_control {
    use super::{LogEntry, OperationDetails, OperationList, OperationSummary, Phase, PhaseState};
    use control::operations;
    use control::page::Page;
    use domain::states::OperationState;
    use time::OffsetDateTime;

    /// An operation as pages show it, read at `now`.
    pub fn summary(
        operation: operations::OperationSummary,
        now: OffsetDateTime,
    ) -> OperationSummary {
        OperationSummary {
            id: operation.id.to_string(),
            title: operation.title,
            state: operation.state,
            phase: operation.phase,
            percent: operation.percent,
            detail: operation.detail,
            error: operation.error,
            started_by: operation.started_by,
            created_at: operation.created_at.unix_timestamp(),
            finished_at: operation.finished_at.map(OffsetDateTime::unix_timestamp),
            read_at: now.unix_timestamp(),
            silent_seconds: operation.heartbeat_age_seconds,
        }
    }

    /// Operations as pages show them, read at `now`.
    pub fn summaries(
        all: Vec<operations::OperationSummary>,
        now: OffsetDateTime,
    ) -> Vec<OperationSummary> {
        all.into_iter()
            .map(|operation| summary(operation, now))
            .collect()
    }

    pub(super) fn operation_list(
        page: Page<operations::OperationSummary>,
        now: OffsetDateTime,
    ) -> OperationList {
        OperationList {
            next: page.next.map(|cursor| cursor.as_str().to_owned()),
            items: summaries(page.items, now),
        }
    }

    pub(super) fn operation_details(
        details: operations::OperationDetails,
        now: OffsetDateTime,
    ) -> OperationDetails {
        let taking_back = matches!(
            details.summary.state,
            OperationState::Unwinding | OperationState::Cancelled | OperationState::Stuck
        );
        let phase = |phase: operations::Phase| Phase {
            title: phase.title,
            state: match phase.state {
                operations::PhaseState::Pending => PhaseState::Waiting,
                operations::PhaseState::Running if taking_back => PhaseState::Undoing,
                operations::PhaseState::Running => PhaseState::Running,
                operations::PhaseState::Done => PhaseState::Done,
                operations::PhaseState::Failed => PhaseState::Failed,
                operations::PhaseState::Undone => PhaseState::Undone,
            },
            error: phase.error,
        };
        let line = |entry: operations::LogEntry| LogEntry {
            at: entry.at.unix_timestamp(),
            line: entry.line,
        };
        let subject = details.summary.subject.clone();
        OperationDetails {
            app: subject.as_ref().map(|subject| subject.app.clone()),
            environment: subject.and_then(|subject| subject.environment),
            phases: details.steps.into_iter().map(phase).collect(),
            log: details.log.into_iter().map(line).collect(),
            cancel: details.can_cancel,
            retry: details.can_retry,
            summary: summary(details.summary, now),
        }
    }
}
