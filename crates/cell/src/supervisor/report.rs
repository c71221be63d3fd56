//! What an instance is told, and what it says of itself.

use crate::ingress::backend::Backend;
use crate::record::InstanceRecord;
use crate::usage::Usage;
use domain::ids::InstanceId;
use domain::states::InstanceState;
use engine::observation::DebuggerStatus;
use std::sync::Arc;
use std::time::Duration;

/// What an instance is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Run.
    Run,
    /// Finish its requests within this time, then end.
    Stop(Duration),
}

/// What an instance's task says.
#[derive(Debug)]
pub struct Report {
    /// The instance.
    pub id: InstanceId,
    /// What happened.
    pub event: InstanceEvent,
}

/// What happened to an instance.
#[derive(Debug)]
pub enum InstanceEvent {
    /// Its state or what is being done changed.
    Doing(InstanceState, String),
    /// It has processes.
    Runs(Box<InstanceRecord>),
    /// It may get requests.
    Ready(Arc<Backend>, Box<InstanceRecord>),
    /// It was found running after the cell's own restart.
    Adopted(Arc<Backend>),
    /// It fails its checks.
    Unhealthy(String),
    /// It passes them again.
    Recovered,
    /// What it uses.
    Uses(Usage),
    /// What its debugger said.
    Debugger(DebuggerStatus),
    /// It runs no more; [`Self::Removed`] follows unless it ended as it was told, with all that was left of it.
    Ended(Ending),
    /// Nothing of it is left.
    Removed,
}

/// How an instance ended.
#[derive(Debug)]
pub enum Ending {
    /// As it was told, or before it mattered.
    AsWanted,
    /// Before it was ready.
    NotReady {
        /// The failing step or check.
        reason: String,
        /// The last log lines.
        log: Vec<String>,
    },
    /// By itself.
    Crashed {
        /// Why.
        reason: String,
        /// The last log lines.
        log: Vec<String>,
        /// Whether it had run for long enough to forget former crashes.
        stable: bool,
    },
}
