//! How often a step is tried, and how long a run waits in between.

use std::time::Duration;

/// How often a step may answer "try again" before that counts as a failure.
pub(crate) const ATTEMPTS: i16 = 5;

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The wait after an attempt that had this many failures before it.
pub(crate) fn wait(failures: i16) -> Duration {
    let doublings = u32::try_from(failures).unwrap_or_default().min(16);
    (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::wait;

    #[test]
    fn the_wait_doubles_up_to_its_limit() {
        let waits: Vec<_> = (0..8).map(wait).map(|wait| wait.as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(wait(i16::MAX), Duration::from_secs(10));
    }
}
