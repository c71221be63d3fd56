//! What may be done with an operation now, and what one under way hinders.

use crate::rights::Access;
use crate::states::OperationState;

/// The operation that works on a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnderWay {
    /// What it does: `Deploy Shop 2.4.1 to Shop / Test`.
    pub title: String,
    /// Whether it waits for a person.
    pub stuck: bool,
}

impl UnderWay {
    /// The refusal of anything else on the same thing.
    pub fn refusal(&self) -> Access {
        Access::Denied(self.reason())
    }

    /// The sentence of that refusal.
    pub fn reason(&self) -> String {
        let title = &self.title;
        if self.stuck {
            format!(
                "“{title}” is stuck: it failed, and not everything could be taken back. Open it under Operations and press “Try again to take back”."
            )
        } else {
            format!("“{title}” is under way. Wait until it has ended, or cancel it.")
        }
    }
}

/// Whether an operation in this state may be cancelled; `final_because` is why its kind never may.
pub fn cancel(state: OperationState, final_because: Option<&str>) -> Access {
    if let Some(reason) = final_because {
        return Access::denied(reason);
    }
    match state {
        OperationState::Queued | OperationState::Running | OperationState::Waiting => {
            Access::Allowed
        }
        OperationState::Cancelling | OperationState::Unwinding => {
            Access::denied("It is being undone already.")
        }
        OperationState::Stuck => Access::denied("It is stuck. Have its undo tried again instead."),
        OperationState::Succeeded | OperationState::Failed | OperationState::Cancelled => {
            Access::denied("It has ended.")
        }
    }
}

/// Whether the undo of an operation in this state may be tried again.
pub fn retry(state: OperationState) -> Access {
    if state == OperationState::Stuck {
        Access::Allowed
    } else {
        Access::denied("It is not stuck: there is nothing to try again.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_begun_may_be_cancelled_unless_its_kind_may_not() {
        assert!(cancel(OperationState::Running, None).is_allowed());
        assert!(cancel(OperationState::Waiting, None).is_allowed());
        for state in [
            OperationState::Unwinding,
            OperationState::Succeeded,
            OperationState::Stuck,
        ] {
            assert!(!cancel(state, None).is_allowed(), "{state:?}");
        }
        let gone = cancel(OperationState::Running, Some("It is gone."));
        assert_eq!(gone.reason().as_deref(), Some("It is gone."));
    }

    #[test]
    fn only_a_stuck_one_may_be_tried_again() {
        assert!(retry(OperationState::Stuck).is_allowed());
        assert!(!retry(OperationState::Failed).is_allowed());
    }
}
