//! A place to make things go wrong on purpose: drills and tests hang their faults here.

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
