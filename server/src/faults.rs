//! A process that ends itself at a step of a saga, so that a test can see it taken up again.
//!
//! `PORTAL_FAULT=app_create:provision:before:abort` ends it before that step's own code runs, `after`
//! when it has run and is not recorded yet. Unset in every installation.

use anyhow::{Result, bail};
use saga::fault::{Direction, Fault, Faults, Point};

/// What goes wrong on purpose: nothing, unless a test asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drill {
    abort_at: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    saga: String,
    step: String,
    after: bool,
}

impl Drill {
    /// Reads `saga:step:before|after:abort`.
    pub fn parse(text: &str) -> Result<Self> {
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

    fn meet(&self, point: Point<'_>, after: bool) -> Fault {
        let here = |place: &Place| {
            place.saga == point.saga && place.step == point.step && place.after == after
        };
        if point.direction == Direction::Forward && self.abort_at.as_ref().is_some_and(here) {
            tracing::warn!(
                saga = point.saga,
                step = point.step,
                "ending the process here, as PORTAL_FAULT asks"
            );
            std::process::abort();
        }
        Fault::None
    }
}

impl Faults for Drill {
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
        let place = Place {
            saga: "app_create".to_owned(),
            step: "provision".to_owned(),
            after: true,
        };
        assert_eq!(
            Drill::parse("app_create:provision:after:abort").expect("is read"),
            Drill {
                abort_at: Some(place)
            }
        );
        for text in [
            "",
            "app_create",
            "app_create:provision:during:abort",
            "app_create:provision:after:panic",
        ] {
            assert!(Drill::parse(text).is_err(), "{text}");
        }
    }
}
