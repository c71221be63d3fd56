//! The way from the outside to the instances: an HTTP/1.1 reverse proxy that finds the workload by its
//! host, shares requests out among its ready instances and hides the loss of one where it safely can.
//!
//! [`Table`] says what is routable; [`serve`] answers from it. A request counts as in flight on its
//! [`Backend`] from the moment the backend is chosen until the answer's last byte has been taken over, so
//! [`Backend::drained`] tells when an instance may be stopped. It answers on threads of its own.

mod answer;
mod backend;
mod client_stream;
mod connection;
mod forward;
mod headers;
mod heard;
mod host;
mod link;
mod pages;
mod table;
mod tunnel;
mod workers;

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    accept::accepted,
    descriptors,
    ingress::{
        backend::Idle,
        connection::{Peer, serve_connection},
        forward::Proxy,
        table::Shared,
        workers::Workers,
    },
};

/// How often idle connections to instances are looked through.
const SWEEPS_EVERY: Duration = Duration::from_secs(10);

/// What is routable, by host. Clones share one table; lookups take no lock.
#[derive(Clone, Default)]
pub struct Table {
    shared: Arc<Shared>,
}

/// One workload as the outside may reach it.
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

/// One instance: an HTTP/1.1 server on a unix socket.
pub struct Backend {
    id: Uuid,
    index: u16,
    socket: PathBuf,
    in_flight: std::sync::atomic::AtomicUsize,
    emptied: Notify,
    idle: Idle,
}

/// Limits and patience of the ingress.
#[derive(Clone, Debug)]
pub struct IngressConfig {
    /// How long a client may take to send a request's head, and may stay silent between two requests.
    pub header_timeout: Duration,
    /// The largest request head accepted, in bytes.
    pub max_header_bytes: usize,
    /// How long an instance may be silent before the head of its answer.
    pub answer_timeout: Duration,
    /// How long a request waits for an instance when none is left or the first is starting.
    pub patience: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub send_timeout: Duration,
    /// The most client connections held at once, if there are descriptors for so many; more wait to be
    /// accepted.
    pub max_connections: usize,
    /// How long requests may go on after the shutdown was asked for.
    pub closing: Duration,
}

impl Default for IngressConfig {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(30),
            max_header_bytes: 64 * 1024,
            answer_timeout: Duration::from_mins(5),
            patience: Duration::from_secs(5),
            send_timeout: Duration::from_mins(1),
            max_connections: 16_384,
            closing: Duration::from_secs(10),
        }
    }
}

/// Answers on `listener` from `table` until `shutdown` resolves; then lets running requests end, for at
/// most [`IngressConfig::closing`].
pub async fn serve(
    listener: TcpListener,
    table: Table,
    config: IngressConfig,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let places = config.max_connections.min(descriptors::for_clients());
    let room = Arc::new(Semaphore::new(places));
    let tasks = TaskTracker::new();
    let stopping = CancellationToken::new();
    let proxy = Arc::new(Proxy {
        table,
        config,
        tasks: tasks.clone(),
        stopping: stopping.clone(),
    });
    let mut shutdown = std::pin::pin!(shutdown);
    let mut workers = Workers::start()?;
    let mut sweeps = tokio::time::interval(SWEEPS_EVERY);
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            let (stream, address) = accepted(|| listener.accept()).await;
            (stream, address, place)
        };
        tokio::select! {
            () = &mut shutdown => break,
            _ = sweeps.tick() => proxy.table.sweep(),
            (stream, address, place) = next => {
                let peer = Peer::new(address.ip(), place.map_err(io::Error::other)?);
                let serving = serve_connection(Arc::clone(&proxy), stream, peer);
                tasks.spawn_on(serving, workers.next());
            }
        }
    }
    stopping.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(())
}
