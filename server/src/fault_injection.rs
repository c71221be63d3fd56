//! A process that ends itself at a step, so that a test can see it taken up again.
//!
//! `PORTAL_FAULT=app_create:provision:before:abort` ends it before that step's own code runs, `after`
//! when it has run and is not recorded yet. The steps are those of sagas, and of `two_clusters`, which is how an
//! older installation gets its second database cluster. Unset in every installation.

use anyhow::{Result, bail};
use saga::fault::{Direction, Fault, Faults, Point};

/// What goes wrong on purpose: nothing, unless a test asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultInjection {
    abort_at: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    saga: String,
    step: String,
    after: bool,
}

impl FaultInjection {
    /// Reads `saga:step:before|after:abort`; nothing goes wrong where there is no text.
    pub fn parse(text: Option<&str>) -> Result<Self> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let parts: Vec<&str> = text.split(':').collect();
        let [saga, step, when @ ("before" | "after"), "abort"] = parts[..] else {
            bail!(
                "PORTAL_FAULT: `{text}` must be saga:step:before:abort or saga:step:after:abort; unset it outside tests"
            );
        };
        Ok(Self {
            abort_at: Some(Place {
                saga: saga.to_owned(),
                step: step.to_owned(),
                after: when == "after",
            }),
        })
    }

    /// A step that is no saga's is about to run.
    pub fn before(&self, of: &str, step: &str) {
        self.meet(of, step, false);
    }

    /// A step that is no saga's has run.
    pub fn after(&self, of: &str, step: &str) {
        self.meet(of, step, true);
    }

    fn meet(&self, saga: &str, step: &str, after: bool) {
        let here = |place: &Place| place.saga == saga && place.step == step && place.after == after;
        if self.abort_at.as_ref().is_some_and(here) {
            tracing::warn!(saga, step, "ending the process here, as PORTAL_FAULT asks");
            std::process::abort();
        }
    }

    fn meet_in_saga(&self, point: Point<'_>, after: bool) -> Fault {
        if point.direction == Direction::Forward {
            self.meet(point.saga, point.step, after);
        }
        Fault::None
    }
}

impl Faults for FaultInjection {
    fn before(&self, point: Point<'_>) -> Fault {
        self.meet_in_saga(point, false)
    }

    fn after(&self, point: Point<'_>) -> Fault {
        self.meet_in_saga(point, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_or_refused() {
        let place = Place {
            saga: "app_create".to_owned(),
            step: "provision".to_owned(),
            after: true,
        };
        assert_eq!(
            FaultInjection::parse(Some("app_create:provision:after:abort")).expect("is read"),
            FaultInjection {
                abort_at: Some(place)
            }
        );
        for text in [
            "",
            "app_create",
            "app_create:provision:during:abort",
            "app_create:provision:after:panic",
        ] {
            assert!(FaultInjection::parse(Some(text)).is_err(), "{text}");
        }
    }
}
