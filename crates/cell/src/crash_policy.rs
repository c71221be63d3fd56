//! When an instance that crashed is started again.
//!
//! Three times at once; then after 30 s, doubling up to 16 min; after 200 crashes no more. Five
//! minutes of running make the count start again.

use std::time::Duration;

/// Crashes that are answered at once.
const AT_ONCE: u32 = 3;
/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(16);
/// Crashes after which nothing is tried any more.
const GIVE_UP: u32 = 200;
/// Running this long makes the count start again.
pub const STABLE_AFTER: Duration = Duration::from_mins(5);

/// What follows a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Start again now.
    AtOnce,
    /// Start again after a pause.
    After(Duration),
    /// Leave it until the wanted state changes.
    Never,
}

/// What follows the `crashes`-th crash since the instance was last stable.
pub fn next(crashes: u32) -> Next {
    if crashes <= AT_ONCE {
        return Next::AtOnce;
    }
    if crashes >= GIVE_UP {
        return Next::Never;
    }
    let doublings = (crashes - AT_ONCE - 1).min(16);
    Next::After(
        FIRST_PAUSE
            .saturating_mul(1 << doublings)
            .min(LONGEST_PAUSE),
    )
}

/// The count after a crash, given the one before and how long the instance had run.
pub fn count(before: u32, ran: Duration) -> u32 {
    if ran >= STABLE_AFTER {
        1
    } else {
        before.saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Next, count, next};
    use std::time::Duration;

    #[test]
    fn the_first_three_are_at_once_and_then_pauses_double_to_sixteen_minutes() {
        let pauses: Vec<u64> = (1..=11)
            .map(|crashes| match next(crashes) {
                Next::AtOnce => 0,
                Next::After(pause) => pause.as_secs(),
                Next::Never => u64::MAX,
            })
            .collect();
        assert_eq!(pauses, [0, 0, 0, 30, 60, 120, 240, 480, 960, 960, 960]);
    }

    #[test]
    fn two_hundred_crashes_are_enough() {
        assert_eq!(next(199), Next::After(Duration::from_mins(16)));
        assert_eq!(next(200), Next::Never);
        assert_eq!(next(u32::MAX), Next::Never);
    }

    #[test]
    fn five_minutes_of_running_make_the_count_start_again() {
        assert_eq!(count(7, Duration::from_secs(299)), 8);
        assert_eq!(count(7, Duration::from_mins(5)), 1);
        assert_eq!(count(0, Duration::ZERO), 1);
    }
}
