//! A process that ends itself at a step of a saga, so that a test can see it taken up again.
//!
//! `PORTAL_FAULT=app_create:provision:before:abort` ends it before that step's own code runs, `after`
//! when it has run and is not recorded yet. Unset in every installation.

use anyhow::{Result, bail};
use saga::fault::{Direction, Fault, Faults, Point};

/// Where the process ends itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbortAt {
    saga: String,
    step: String,
    after: bool,
}

impl AbortAt {
    /// Reads `saga:step:before|after:abort`.
    pub fn parse(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let [saga, step, when @ ("before" | "after"), "abort"] = parts[..] else {
            bail!("PORTAL_FAULT: `{text}` must be saga:step:before:abort or saga:step:after:abort; unset it outside tests");
        };
        Ok(Self { saga: saga.to_owned(), step: step.to_owned(), after: when == "after" })
    }

    fn meet(&self, point: Point<'_>, after: bool) -> Fault {
        if self.saga == point.saga && self.step == point.step && self.after == after && point.direction == Direction::Forward {
            tracing::warn!(saga = point.saga, step = point.step, "ending the process here, as PORTAL_FAULT asks");
            std::process::abort();
        }
        Fault::None
    }
}

impl Faults for AbortAt {
    fn before(&self, point: Point<'_>) -> Fault {
        self.meet(point, false)
    }

    fn after(&self, point: Point<'_>) -> Fault {
        self.meet(point, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_or_refused() {
        let fault = AbortAt::parse("app_create:provision:after:abort").expect("is read");
        assert_eq!(fault, AbortAt { saga: "app_create".to_owned(), step: "provision".to_owned(), after: true });
        for text in ["", "app_create", "app_create:provision:during:abort", "app_create:provision:after:panic"] {
            assert!(AbortAt::parse(text).is_err(), "{text}");
        }
    }
}
