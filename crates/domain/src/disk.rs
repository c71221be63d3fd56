//! Disk: what stays free for the platform, and how near to its plan an environment is.

use serde::{Deserialize, Serialize};

/// What every disk keeps free, bytes: PostgreSQL ends when it cannot write.
const RESERVE: u64 = 2 << 30;
/// Of a small disk at least this part is kept free.
const RESERVE_PART: u64 = 10;
/// Part of the plan beyond which an environment is warned, percent.
const NEAR_PERCENT: u64 = 80;
/// What an environment may take beyond its plan before it is held, as a part of the plan.
const MARGIN_PART: u64 = 10;

/// Bytes that stay free on a disk of this size.
pub fn reserve(size: u64) -> u64 {
    RESERVE.min(size / RESERVE_PART)
}

/// How near to what its plan allows something has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Below four fifths.
    Fine,
    /// Above four fifths.
    Near,
    /// Above the plan, within the margin: nothing is refused yet.
    Over,
    /// Above the plan and the margin: it may grow no further.
    Held,
}

impl Level {
    /// The level of so many bytes where so many are allowed.
    pub fn of(used: u64, allowed: u64) -> Self {
        let held = allowed.saturating_add(allowed / MARGIN_PART);
        if used > held {
            Self::Held
        } else if used > allowed {
            Self::Over
        } else if used > allowed / 100 * NEAR_PERCENT {
            Self::Near
        } else {
            Self::Fine
        }
    }
}

/// Bytes of so many GiB.
pub fn gib(count: u32) -> u64 {
    u64::from(count) << 30
}

/// An amount as people read it: `512 MB`, `1.5 GB`.
pub fn words(bytes: u64) -> String {
    let mib = bytes >> 20;
    if mib < 1024 {
        return format!("{mib} MB");
    }
    let tenths = bytes.saturating_mul(10) >> 30;
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} GB"),
        (whole, tenth) => format!("{whole}.{tenth} GB"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, gib, reserve, words};

    #[test]
    fn a_small_disk_keeps_a_tenth() {
        assert_eq!(reserve(gib(100)), gib(2));
        assert_eq!(reserve(gib(10)), gib(1));
    }

    #[test]
    fn one_is_warned_then_told_then_held() {
        let level = |percent| Level::of(gib(percent), gib(100));
        assert_eq!(level(80), Level::Fine);
        assert_eq!(level(81), Level::Near);
        assert_eq!(level(101), Level::Over);
        assert_eq!(level(110), Level::Over);
        assert_eq!(level(111), Level::Held);
        assert!(Level::Held > Level::Over);
        assert_eq!(Level::of(1, 0), Level::Held);
        assert_eq!(Level::of(u64::MAX, u64::MAX), Level::Near);
    }

    #[test]
    fn amounts_are_short() {
        assert_eq!(words(gib(20)), "20 GB");
        assert_eq!(words(gib(3) / 2), "1.5 GB");
        assert_eq!(words(300 << 20), "300 MB");
    }
}
