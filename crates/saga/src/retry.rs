//! How often a step is tried, and how long a run waits in between.

use std::time::Duration;

use crate::fault::Direction;
use crate::registry::StepInfo;

/// How often an action may answer "try again" before that counts as a failure: about two minutes, in
/// which most things that were restarted are back.
pub(crate) const ATTEMPTS: i16 = 18;

/// The same for an undo: about half an hour, since a person has to look afterwards.
pub(crate) const UNDO_ATTEMPTS: i16 = 180;

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How often a step is tried in one direction; `None` when for as long as it takes.
pub(crate) fn attempts(step: StepInfo, direction: Direction) -> Option<i16> {
    match direction {
        Direction::Undo => Some(UNDO_ATTEMPTS),
        Direction::Forward => (!step.until_done).then_some(ATTEMPTS),
    }
}

/// The wait after an attempt that had this many failures before it.
pub(crate) fn wait(failures: i16) -> Duration {
    let doublings = u32::try_from(failures).unwrap_or_default().min(16);
    (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT)
}

/// Whether a failure is worth a line of the log: the first ones, then one every five minutes.
pub(crate) fn is_told(failures: i16) -> bool {
    failures < 5 || failures % 30 == 0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ATTEMPTS, UNDO_ATTEMPTS, wait};

    #[test]
    fn the_wait_doubles_up_to_its_limit() {
        let waits: Vec<_> = (0..8).map(wait).map(|wait| wait.as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(wait(i16::MAX), Duration::from_secs(10));
    }

    #[test]
    fn a_restart_of_what_a_step_needs_fails_nothing_and_an_outage_leaves_no_undo_half_done() {
        let patience = |attempts: i16| (0..attempts - 1).map(wait).sum::<Duration>();
        assert!(patience(ATTEMPTS) > Duration::from_mins(2));
        assert!(patience(UNDO_ATTEMPTS) > Duration::from_mins(29));
    }
}
