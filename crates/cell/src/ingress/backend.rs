//! One instance as the ingress sees it: requests in flight and idle connections.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use tokio::sync::Notify;
use uuid::Uuid;

use crate::{descriptors, ingress::upstream_connection::UpstreamConnection};

/// The most idle connections kept to one instance.
const KEPT: usize = 128;
/// How long a connection may lie idle before it is not used again.
const KEPT_FOR: Duration = Duration::from_secs(20);

/// The idle connections that there are to all instances, and how many there may be.
static IDLE: AtomicUsize = AtomicUsize::new(0);
static IDLE_ROOM: LazyLock<usize> = LazyLock::new(descriptors::for_clients);

/// One instance: an HTTP/1.1 server on a unix socket.
pub struct Backend {
    id: Uuid,
    index: u16,
    socket: PathBuf,
    in_flight: AtomicUsize,
    emptied: Notify,
    idle: Idle,
}

/// Connections to an instance that wait for their next request, by the thread that made them; the last
/// used one last.
#[derive(Default)]
struct Idle(Mutex<HashMap<ThreadId, VecDeque<Kept>>>);

struct Kept {
    upstream: UpstreamConnection,
    since: Instant,
    _counted: Counted,
}

/// One of [`IDLE`], until this is dropped.
struct Counted;

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
    pub(super) fn take_idle(&self) -> Option<UpstreamConnection> {
        let kept = self
            .idle
            .lock()
            .get_mut(&thread::current().id())?
            .pop_back()?;
        (!kept.is_old(Instant::now())).then_some(kept.upstream)
    }

    /// Keeps a connection for the next request.
    pub(super) fn keep(&self, upstream: UpstreamConnection) {
        let counted = Counted::new();
        let mut idle = self.idle.lock();
        let idle = idle.entry(thread::current().id()).or_default();
        if idle.len() < KEPT && IDLE.load(Ordering::Relaxed) <= *IDLE_ROOM {
            idle.push_back(Kept {
                upstream,
                since: Instant::now(),
                _counted: counted,
            });
        }
    }

    /// Closes the connections that are too old at `now`.
    pub(super) fn sweep(&self, now: Instant) {
        for idle in self.idle.lock().values_mut() {
            while idle.front().is_some_and(|kept| kept.is_old(now)) {
                idle.pop_front();
            }
        }
    }
}

impl Kept {
    fn is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) > KEPT_FOR
    }
}

impl Counted {
    fn new() -> Self {
        IDLE.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        IDLE.fetch_sub(1, Ordering::Relaxed);
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
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ThreadId, VecDeque<Kept>>> {
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

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, time::Instant};

    use tokio::net::UnixListener;
    use uuid::Uuid;

    use super::{Backend, KEPT_FOR, UpstreamConnection};

    #[tokio::test]
    async fn connections_that_nobody_used_are_closed() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("socket");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let backend = Backend::new(Uuid::nil(), 0, socket.clone());
        backend.keep(UpstreamConnection::open(&socket).await.expect("connected"));
        let (mut instance, _) = listener.accept().await.expect("accepted");
        backend.sweep(Instant::now());
        let kept = || {
            backend
                .idle
                .lock()
                .values()
                .map(VecDeque::len)
                .sum::<usize>()
        };
        assert_eq!(kept(), 1);
        backend.sweep(Instant::now() + 2 * KEPT_FOR);
        let read = tokio::io::copy(&mut instance, &mut tokio::io::sink()).await;
        assert_eq!(read.expect("the end"), 0);
    }
}
