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

use crate::ingress::{
    backend::{Backend, InFlight},
    route::{Route, Unserved},
};

/// What is routable, by host. Clones share one table; lookups take no lock.
#[derive(Clone, Default)]
pub struct Table {
    shared: Arc<Shared>,
}

/// What all clones of a table have in common.
#[derive(Default)]
struct Shared {
    current: ArcSwap<Snapshot>,
    version: AtomicU64,
    writing: Mutex<()>,
    changed: Notify,
}

type Routes = BTreeMap<Uuid, Arc<Entry>>;

#[derive(Default)]
struct Snapshot {
    by_workload: Routes,
    by_host: HashMap<Arc<str>, Arc<Entry>>,
}

struct Entry {
    route: Route,
    hosts: Vec<Arc<str>>,
    /// Goes on when the workload's route changes.
    turn: Arc<AtomicUsize>,
    /// Requests that wait for a backend; the same when the route changes.
    waiting: Arc<AtomicUsize>,
}

/// A request that waits for a backend, until this is dropped.
pub(super) struct Waiting(Arc<AtomicUsize>);

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
    /// It answers as many requests as one may at once.
    Full { title: String },
    /// It has some, but not the one that debugger requests are for.
    NoDebugger { title: String },
}

impl Table {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `route` in the place of what was known about `workload`. The same route again changes nothing.
    pub fn set(&self, workload: Uuid, route: Route) {
        self.change(|routes| {
            let before = routes.get(&workload);
            if before.is_some_and(|before| before.route.is_same(&route)) {
                return None;
            }
            let entry = Arc::new(Entry::new(route, before.map(Arc::as_ref)));
            let mut routes = routes.clone();
            routes.insert(workload, entry);
            Some(routes)
        });
    }

    /// Forgets `workload`; its hosts become unknown.
    pub fn remove(&self, workload: Uuid) {
        self.change(|routes| {
            let mut routes = routes.clone();
            routes.remove(&workload).is_some().then_some(routes)
        });
    }

    /// Closes connections to instances that were idle for too long.
    pub(super) fn sweep(&self) {
        let now = std::time::Instant::now();
        for entry in self.shared.current.load().by_workload.values() {
            for backend in &entry.route.backends {
                backend.sweep(now);
            }
        }
    }

    /// Takes over the routes that `edit` makes of the present ones, if it makes any.
    fn change(&self, edit: impl FnOnce(&Routes) -> Option<Routes>) {
        let shared = &self.shared;
        {
            let _writing = shared
                .writing
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let Some(by_workload) = edit(&shared.current.load().by_workload) else {
                return;
            };
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

    /// Counts one more request to `host` that waits.
    pub(super) fn wait(&self, host: &str) -> Option<Waiting> {
        let snapshot = self.shared.current.load();
        let waiting = Arc::clone(&snapshot.by_host.get(host)?.waiting);
        waiting.fetch_add(1, Ordering::Relaxed);
        Some(Waiting(waiting))
    }

    /// Chooses the backend for one more request to `host` and counts the request on it.
    ///
    /// A workload answers `most` requests at once.
    ///
    /// A backend taken out of the table while it was being chosen is not used: who removed it and then saw
    /// nothing in flight can rely on nothing coming any more.
    pub(super) fn choose(&self, host: &str, debugger: bool, tried: &[Uuid], most: usize) -> Choice {
        loop {
            let version = self.version();
            let snapshot = self.shared.current.load();
            let Some(entry) = snapshot.by_host.get(host) else {
                return Choice::UnknownHost;
            };
            if entry.in_flight() >= most {
                let title = entry.route.title.clone();
                return Choice::Full { title };
            }
            let backend = if debugger {
                entry.debugger(tried)
            } else {
                entry.least_busy(tried)
            };
            let Some(backend) = backend else {
                return entry.nothing(debugger);
            };
            let in_flight = InFlight::on(Arc::clone(backend));
            if self.version() == version {
                return Choice::Ready(in_flight);
            }
        }
    }
}

impl Entry {
    /// The entry of a route that comes after the one of `before`.
    fn new(route: Route, before: Option<&Self>) -> Self {
        let hosts = route.hosts.iter();
        let hosts = hosts.map(|host| Arc::from(host.to_ascii_lowercase()));
        Self {
            hosts: hosts.collect(),
            route,
            turn: before.map(|it| Arc::clone(&it.turn)).unwrap_or_default(),
            waiting: before.map(|it| Arc::clone(&it.waiting)).unwrap_or_default(),
        }
    }

    /// How many requests its backends answer, and how many wait for one.
    fn in_flight(&self) -> usize {
        let backends = self.route.backends.iter();
        let answered: usize = backends.map(|backend| backend.in_flight()).sum();
        answered + self.waiting.load(Ordering::Relaxed)
    }

    /// The backend with the fewest requests in flight; equal ones take turns.
    fn least_busy(&self, tried: &[Uuid]) -> Option<&Arc<Backend>> {
        let backends = &self.route.backends;
        let turn = self
            .turn
            .fetch_add(1, Ordering::Relaxed)
            .checked_rem(backends.len())?;
        let (before, from) = backends.split_at(turn);
        from.iter()
            .chain(before)
            .filter(|backend| !tried.contains(&backend.id()))
            .min_by_key(|backend| backend.in_flight())
    }

    /// The backend that debugger requests are for, and no other.
    fn debugger(&self, tried: &[Uuid]) -> Option<&Arc<Backend>> {
        let debugger = self.route.debugger.as_ref();
        debugger.filter(|backend| !tried.contains(&backend.id()))
    }

    /// Why no backend was found.
    fn nothing(&self, debugger: bool) -> Choice {
        let title = self.route.title.clone();
        if self.route.backends.is_empty() {
            let state = self.route.state;
            Choice::Unserved { title, state }
        } else if debugger {
            Choice::NoDebugger { title }
        } else {
            Choice::AllTried { title }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
