//! Until when an index is not started again after a crash: by a clock that nobody sets.
//!
//! The time of day is written down for the cell's next start only, and believed no further than the longest pause.

use crate::crash_policy::{self, LONGEST_PAUSE, Next};
use crate::record::Crashes;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::Instant;

/// The indexes that wait.
#[derive(Debug, Default)]
pub struct Held(BTreeMap<u16, Instant>);

impl Held {
    /// As it was written down, at the time of day `today`.
    pub fn stored(crashes: &BTreeMap<u16, Crashes>, today: OffsetDateTime, now: Instant) -> Self {
        let mut held = Self::default();
        for (index, crashes) in crashes {
            let left = crashes
                .not_before
                .map(|at| Duration::try_from(at - today).unwrap_or_default());
            if let Some(left) = left {
                held.hold(*index, now + left.min(LONGEST_PAUSE));
            }
        }
        held
    }

    /// Starts `index` no sooner than `at`.
    pub fn hold(&mut self, index: u16, at: Instant) {
        self.0.insert(index, at);
    }

    /// Lets all start at once.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// How long `index` still waits; none when it does not.
    pub fn left(&self, index: u16, now: Instant) -> Option<Duration> {
        let left = self.0.get(&index)?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// The indexes of `crashes` that may not be started at this moment.
    pub fn indexes(&self, crashes: &BTreeMap<u16, Crashes>, now: Instant) -> BTreeSet<u16> {
        let held = crashes
            .iter()
            .filter(|(index, crashes)| given_up(crashes) || self.left(**index, now).is_some());
        held.map(|(index, _)| *index).collect()
    }
}

/// Whether an index is not started again before the wanted state changes.
pub fn given_up(crashes: &Crashes) -> bool {
    crash_policy::next(crashes.count) == Next::Never
}

#[cfg(test)]
mod tests {
    use super::Held;
    use crate::crash_policy::LONGEST_PAUSE;
    use crate::record::Crashes;
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;
    use time::OffsetDateTime;
    use tokio::time::Instant;

    fn crashed(count: u32, not_before: OffsetDateTime) -> BTreeMap<u16, Crashes> {
        let crashes = Crashes {
            count,
            not_before: Some(not_before),
            ..Crashes::default()
        };
        BTreeMap::from([(1, crashes)])
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nobody_for_longer_than_the_longest_pause() {
        let (today, now) = (OffsetDateTime::UNIX_EPOCH, Instant::now());
        let crashes = crashed(4, today + Duration::from_hours(9));
        let held = Held::stored(&crashes, today, now);
        assert_eq!(held.left(1, now), Some(LONGEST_PAUSE));
        assert_eq!(held.indexes(&crashes, now), BTreeSet::from([1]));
        let later = now + LONGEST_PAUSE;
        assert_eq!(held.left(1, later), None);
        assert_eq!(held.indexes(&crashes, later), BTreeSet::new());
        let held = Held::stored(&crashes, today + Duration::from_hours(10), now);
        assert_eq!(held.left(1, now), None);
    }

    #[test]
    fn who_was_given_up_waits_for_a_change_whatever_the_clock_says() {
        let (today, now) = (OffsetDateTime::UNIX_EPOCH, Instant::now());
        let crashes = crashed(200, today);
        let held = Held::stored(&crashes, today, now);
        assert_eq!(held.indexes(&crashes, now), BTreeSet::from([1]));
    }
}
