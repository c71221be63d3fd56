//! One workload as the outside may reach it.

use std::sync::Arc;

use crate::ingress::backend::Backend;

/// Where requests for a workload's hosts go.
#[derive(Clone, Debug)]
pub struct Route {
    /// The app's name for people, shown when nothing can answer.
    pub title: String,
    /// The hosts that lead here, without ports. A host must belong to one workload only.
    pub hosts: Vec<String>,
    /// The instances that are ready.
    pub backends: Vec<Arc<Backend>>,
    /// The instance that gets the requests under `/debugger`; no other does, as its breakpoints would stop
    /// the requests of people.
    pub debugger: Option<Arc<Backend>>,
    /// Why nothing answers, when `backends` is empty.
    pub state: Unserved,
}

/// Why a workload has no ready instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unserved {
    /// No package was ever deployed to it.
    NeverDeployed,
    /// Somebody stopped it.
    Stopped,
    /// Its first instance is on its way; requests wait a moment for it.
    Starting,
    /// Its instances ended by themselves.
    Crashed,
    /// Nothing is known about it.
    Unknown,
}

impl Route {
    /// Whether both lead the same requests to the same instances.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let id = |backend: &Arc<Backend>| Arc::as_ptr(backend);
        self.title == other.title
            && self.hosts == other.hosts
            && self.state == other.state
            && self.debugger.as_ref().map(id) == other.debugger.as_ref().map(id)
            && self
                .backends
                .iter()
                .map(id)
                .eq(other.backends.iter().map(id))
    }
}
