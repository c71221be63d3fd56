//! A place to make things go wrong on purpose: drills and tests hang their faults here.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use crate::error::StepError;

/// Which way a run is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// A step's action.
    Forward,
    /// A step's undo.
    Undo,
}

/// Where a run is when it asks for a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point<'a> {
    /// The saga's name.
    pub saga: &'a str,
    /// The step's name.
    pub step: &'a str,
    /// Whether its action or its undo is meant.
    pub direction: Direction,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The step answers with a failure that is not tried again.
    Fail,
    /// The worker stops here without another word, as if its process had been killed.
    Die,
}

/// Decides what goes wrong where. An implementation may also end the process itself.
pub trait Faults: Send + Sync {
    /// Asked after the start of a step was recorded, before the step's own code runs.
    fn before(&self, point: Point<'_>) -> Fault;
    /// Asked after the step's own code has run, before its answer is recorded.
    fn after(&self, point: Point<'_>) -> Fault;
}

/// Nothing goes wrong on purpose.
pub(crate) struct NoFaults;

impl Faults for NoFaults {
    fn before(&self, _: Point<'_>) -> Fault {
        Fault::None
    }

    fn after(&self, _: Point<'_>) -> Fault {
        Fault::None
    }
}

/// Runs a step's own code between its two faults; `None` when one of them ends this worker.
/// A panic in the step is a failure of the step.
pub(crate) async fn between<T>(
    faults: &dyn Faults,
    point: Point<'_>,
    work: impl Future<Output = Result<T, StepError>>,
) -> Option<Result<T, StepError>> {
    match faults.before(point) {
        Fault::None => {}
        Fault::Fail => return Some(Err(injected())),
        Fault::Die => return None,
    }
    let answer = AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            Err(StepError::fail(
                "An unexpected error stopped this step; the portal's log has more.",
            ))
        });
    match faults.after(point) {
        Fault::None => Some(answer),
        Fault::Fail => Some(Err(injected())),
        Fault::Die => None,
    }
}

fn injected() -> StepError {
    StepError::fail("A fault was put here on purpose.")
}
