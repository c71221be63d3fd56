//! The routing table: copied on write, so that a request reads it without a lock.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};
use uuid::Uuid;

use crate::ingress::{Backend, Route, Table, Unserved, backend::InFlight};

/// What all clones of a table have in common.
#[derive(Default)]
pub(super) struct Shared {
    current: ArcSwap<Snapshot>,
    version: AtomicU64,
    writing: Mutex<()>,
    changed: Notify,
}

#[derive(Clone, Default)]
struct Snapshot {
    by_workload: BTreeMap<Uuid, Arc<Entry>>,
    by_host: HashMap<Arc<str>, Arc<Entry>>,
}

struct Entry {
    route: Route,
    hosts: Vec<Arc<str>>,
    turn: AtomicUsize,
}

/// What the table says about one request.
pub(super) enum Choice {
    /// This backend; the request is counted on it already.
    Ready(InFlight),
    /// No workload has this host.
    UnknownHost,
    /// The workload has no ready instance.
    Unserved { title: String, state: Unserved },
    /// It has some, and this request has tried them all.
    AllTried { title: String },
}

impl Table {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `route` in the place of what was known about `workload`.
    pub fn set(&self, workload: Uuid, route: Route) {
        let hosts = route
            .hosts
            .iter()
            .map(|host| Arc::from(host.to_ascii_lowercase()))
            .collect();
        let entry = Arc::new(Entry {
            route,
            hosts,
            turn: AtomicUsize::new(0),
        });
        self.change(|routes| {
            routes.insert(workload, entry);
        });
    }

    /// Forgets `workload`; its hosts become unknown.
    pub fn remove(&self, workload: Uuid) {
        self.change(|routes| {
            routes.remove(&workload);
        });
    }

    fn change(&self, edit: impl FnOnce(&mut BTreeMap<Uuid, Arc<Entry>>)) {
        let shared = &self.shared;
        {
            let _writing = shared
                .writing
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let mut by_workload = shared.current.load().by_workload.clone();
            edit(&mut by_workload);
            let mut by_host = HashMap::new();
            for entry in by_workload.values() {
                for host in &entry.hosts {
                    by_host
                        .entry(Arc::clone(host))
                        .or_insert_with(|| Arc::clone(entry));
                }
            }
            shared.current.store(Arc::new(Snapshot {
                by_workload,
                by_host,
            }));
            shared.version.fetch_add(1, Ordering::SeqCst);
        }
        shared.changed.notify_waiters();
    }

    /// A number that grows with each change.
    pub(super) fn version(&self) -> u64 {
        self.shared.version.load(Ordering::SeqCst)
    }

    /// Waits until the table is newer than `seen`; false when `deadline` came first.
    pub(super) async fn changed_since(&self, seen: u64, deadline: Instant) -> bool {
        let change = async {
            loop {
                let mut changed = std::pin::pin!(self.shared.changed.notified());
                changed.as_mut().enable();
                if self.version() != seen {
                    return;
                }
                changed.await;
            }
        };
        timeout_at(deadline, change).await.is_ok()
    }

    /// Chooses the backend for one more request to `host` and counts the request on it.
    ///
    /// A backend taken out of the table while it was being chosen is not used: who removed it and then saw
    /// nothing in flight can rely on nothing coming any more.
    pub(super) fn choose(&self, host: &str, debugger: bool, tried: &[Uuid]) -> Choice {
        loop {
            let version = self.version();
            let snapshot = self.shared.current.load();
            let Some(entry) = snapshot.by_host.get(host) else {
                return Choice::UnknownHost;
            };
            let Some(backend) = entry.least_busy(debugger, tried) else {
                let title = entry.route.title.clone();
                return if entry.route.backends.is_empty() {
                    Choice::Unserved {
                        title,
                        state: entry.route.state,
                    }
                } else {
                    Choice::AllTried { title }
                };
            };
            let in_flight = InFlight::on(Arc::clone(backend));
            if self.version() == version {
                return Choice::Ready(in_flight);
            }
        }
    }
}

impl Entry {
    /// The backend with the fewest requests in flight; equal ones take turns.
    fn least_busy(&self, debugger: bool, tried: &[Uuid]) -> Option<&Arc<Backend>> {
        let untried = |backend: &&Arc<Backend>| !tried.contains(&backend.id());
        if debugger && let Some(backend) = &self.route.debugger {
            return Some(backend).filter(untried);
        }
        let backends = &self.route.backends;
        let turn = self
            .turn
            .fetch_add(1, Ordering::Relaxed)
            .checked_rem(backends.len())?;
        let (before, from) = backends.split_at(turn);
        from.iter()
            .chain(before)
            .filter(untried)
            .min_by_key(|backend| backend.in_flight())
    }
}
