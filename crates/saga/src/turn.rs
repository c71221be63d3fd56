//! What a worker does next with a run, decided from what is stored about it.

use crate::locked_run::{RunRow, StepRecord};
use crate::registry::StepInfo;
use crate::run::RunState;

/// How often a step may be cut short by the end of its worker before it counts as the cause. One that is tried
/// until it is done is tried on all the same: giving it up would leave half of it for ever.
const INTERRUPTIONS: i16 = 20;

/// What comes next.
pub(crate) enum Turn {
    Act(usize),
    Undo(usize),
    GiveUp { error: String },
    Cancel,
    MarkStuck { because: String },
    Finish,
}

/// Decides what comes next for a run whose steps are written down as `recorded` and known as `steps`.
pub(crate) fn decide(row: &RunRow, recorded: &[StepRecord], steps: &[StepInfo]) -> Turn {
    let stored = recorded.iter().map(|step| step.name.as_str());
    if !stored.eq(steps.iter().map(|step| step.name)) {
        let because = "It was started by a version of the portal that has other steps.";
        return Turn::MarkStuck {
            because: because.to_owned(),
        };
    }
    let next = usize::try_from(row.next_step).unwrap_or_default();
    match row.state {
        RunState::Queued | RunState::Running | RunState::Waiting => forward(row, next, steps),
        RunState::Unwinding => backward(row, next, steps),
        RunState::Succeeded | RunState::Failed | RunState::Cancelled | RunState::Stuck => {
            Turn::Finish
        }
    }
}

fn forward(row: &RunRow, next: usize, steps: &[StepInfo]) -> Turn {
    let Some(step) = steps.get(next) else {
        return Turn::Finish;
    };
    if row.cancel_requested {
        return Turn::Cancel;
    }
    if row.interrupted_starts >= INTERRUPTIONS && !step.until_done {
        return Turn::GiveUp {
            error: format!("“{}” was interrupted too often.", step.title),
        };
    }
    Turn::Act(next)
}

fn backward(row: &RunRow, left: usize, steps: &[StepInfo]) -> Turn {
    let Some(position) = left.checked_sub(1) else {
        return Turn::Finish;
    };
    if row.interrupted_starts >= INTERRUPTIONS {
        let title = steps.get(position).map_or("", |step| step.title);
        return Turn::MarkStuck {
            because: format!("Undoing “{title}” was interrupted too often."),
        };
    }
    Turn::Undo(position)
}
