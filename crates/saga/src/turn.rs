//! What a worker does next with a run, decided from what is stored about it.

use crate::lease::{Recorded, Standing};
use crate::registry::Outline;
use crate::run::RunState;

/// How often a step may be cut short by the end of its worker before it counts as the cause.
const INTERRUPTIONS: i16 = 20;

/// What comes next.
pub(crate) enum Turn {
    Act(usize),
    Undo(usize),
    GiveUp { error: String },
    Cancel,
    Stick { because: String },
    Finish,
}

/// Decides what comes next for a run whose steps are written down as `recorded` and known as `steps`.
pub(crate) fn decide(standing: &Standing, recorded: &[Recorded], steps: &[Outline]) -> Turn {
    let stored = recorded.iter().map(|step| step.name.as_str());
    if !stored.eq(steps.iter().map(|step| step.name)) {
        let because = "It was started by a version of the portal that has other steps.";
        return Turn::Stick {
            because: because.to_owned(),
        };
    }
    let next = usize::try_from(standing.next_step).unwrap_or_default();
    match standing.state {
        RunState::Queued | RunState::Running => forward(standing, next, steps),
        RunState::Unwinding => backward(standing, next, steps),
        RunState::Succeeded | RunState::Failed | RunState::Cancelled | RunState::Stuck => {
            Turn::Finish
        }
    }
}

fn forward(standing: &Standing, next: usize, steps: &[Outline]) -> Turn {
    let Some(step) = steps.get(next) else {
        return Turn::Finish;
    };
    if standing.cancel_requested {
        return Turn::Cancel;
    }
    if standing.starts >= INTERRUPTIONS {
        return Turn::GiveUp {
            error: format!("“{}” was interrupted too often.", step.title),
        };
    }
    Turn::Act(next)
}

fn backward(standing: &Standing, left: usize, steps: &[Outline]) -> Turn {
    let Some(position) = left.checked_sub(1) else {
        return Turn::Finish;
    };
    if standing.starts >= INTERRUPTIONS {
        let title = steps.get(position).map_or("", |step| step.title);
        return Turn::Stick {
            because: format!("Undoing “{title}” was interrupted too often."),
        };
    }
    Turn::Undo(position)
}
