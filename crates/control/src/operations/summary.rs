//! Operations in words and states, as pages show them.

use crate::ctx::Ctx;
use crate::sagas::app_delete::AppDelete;
use domain::ids::OperationId;
use domain::rights::Access;
use domain::states::OperationState;
use domain::what_may;
use saga::run::{Run, RunState, StepState};
use saga::saga::Saga;
use time::OffsetDateTime;
use views::operations::{OperationSummary, PhaseState};

/// Runs as pages show them.
pub(crate) fn summaries(ctx: &Ctx, runs: Vec<Run>) -> Vec<OperationSummary> {
    runs.into_iter().map(|run| summary(ctx, run)).collect()
}

pub(super) fn summary(ctx: &Ctx, run: Run) -> OperationSummary {
    let now = ctx.now();
    OperationSummary {
        id: OperationId::new(run.id.0),
        state: state(&run),
        title: run.title,
        phase: run.phase,
        percent: u8::try_from(run.percent).unwrap_or(0),
        detail: run.detail,
        error: run.error,
        started_by: run.started_by,
        created_at: run.created_at.unix_timestamp(),
        finished_at: run.finished_at.map(OffsetDateTime::unix_timestamp),
        read_at: now.unix_timestamp(),
        // Of a parked run nobody is to be heard.
        silent_seconds: (run.heartbeat_at)
            .filter(|_| run.state != RunState::Waiting)
            .map(|at| (now - at).whole_seconds()),
    }
}

pub(super) fn state(run: &Run) -> OperationState {
    match run.state {
        RunState::Queued | RunState::Running | RunState::Waiting if run.cancel_requested => {
            OperationState::Cancelling
        }
        RunState::Waiting if run.heartbeat_at.is_some() => OperationState::Running,
        RunState::Waiting => OperationState::Waiting,
        RunState::Queued => OperationState::Queued,
        RunState::Running => OperationState::Running,
        RunState::Unwinding => OperationState::Unwinding,
        RunState::Succeeded => OperationState::Succeeded,
        RunState::Failed => OperationState::Failed,
        RunState::Cancelled => OperationState::Cancelled,
        RunState::Stuck => OperationState::Stuck,
    }
}

/// How far a step is, in an operation that is in the state `of`.
pub(super) const fn phase_state(step: StepState, of: OperationState) -> PhaseState {
    match (step, of) {
        (StepState::Pending, _) => PhaseState::Waiting,
        (StepState::Undoing, _)
        | (
            StepState::Running,
            OperationState::Unwinding | OperationState::Cancelled | OperationState::Stuck,
        ) => PhaseState::Undoing,
        (StepState::Running, _) => PhaseState::Running,
        (StepState::Done, _) => PhaseState::Done,
        (StepState::Failed | StepState::UndoFailed, _) => PhaseState::Failed,
        (StepState::Undone, _) => PhaseState::Undone,
    }
}

pub(super) fn possible_cancel(run: &Run) -> Access {
    let gone = "A deletion that has begun is finished: what is gone cannot be brought back.";
    let final_because = (run.name == AppDelete::NAME).then_some(gone);
    what_may::operations::cancel(state(run), final_because)
}
