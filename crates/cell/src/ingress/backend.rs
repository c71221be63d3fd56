//! One instance as the ingress sees it: requests in flight and idle connections.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;
use uuid::Uuid;

use crate::ingress::{Backend, link::Link};

/// The most idle connections kept to one instance.
const KEPT: usize = 128;
/// How long a connection may lie idle before it is not used again.
const KEPT_FOR: Duration = Duration::from_secs(20);

/// Connections to an instance that wait for their next request, the last used one last.
#[derive(Default)]
pub(super) struct Idle(Mutex<Vec<(Link, Instant)>>);

/// A request on a backend, counted until this is dropped.
pub(super) struct InFlight(Arc<Backend>);

impl Backend {
    /// The instance `id`, number `index` of its workload, listening on `socket`.
    pub fn new(id: Uuid, index: u16, socket: PathBuf) -> Self {
        Self {
            id,
            index,
            socket,
            in_flight: AtomicUsize::new(0),
            emptied: Notify::new(),
            idle: Idle::default(),
        }
    }

    /// The instance's id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The instance's number within its workload.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// How many requests it is answering.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Resolves when it answers no request. Take it out of the table first, or more may come.
    pub async fn drained(&self) {
        loop {
            let mut emptied = std::pin::pin!(self.emptied.notified());
            emptied.as_mut().enable();
            if self.in_flight() == 0 {
                self.idle.lock().clear();
                return;
            }
            emptied.await;
        }
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// The last used idle connection that is young enough.
    pub(super) fn take_idle(&self) -> Option<Link> {
        let mut idle = self.idle.lock();
        let (link, since) = idle.pop()?;
        if since.elapsed() > KEPT_FOR {
            idle.clear();
            return None;
        }
        Some(link)
    }

    /// Keeps a connection for the next request.
    pub(super) fn keep(&self, link: Link) {
        let mut idle = self.idle.lock();
        if idle.len() < KEPT {
            idle.push((link, Instant::now()));
        }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("id", &self.id)
            .field("index", &self.index)
            .field("socket", &self.socket)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

impl Idle {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Link, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InFlight {
    pub(super) fn on(backend: Arc<Backend>) -> Self {
        backend.in_flight.fetch_add(1, Ordering::SeqCst);
        Self(backend)
    }

    pub(super) fn backend(&self) -> &Backend {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.emptied.notify_waiters();
        }
    }
}
