//! The way from the outside to the instances: an HTTP/1.1 reverse proxy that finds the workload by its
//! host, shares requests out among its ready instances and hides the loss of one where it safely can.
//!
//! [`table::Table`] says what is routable; [`serve`] answers from it. A request counts as in flight on its
//! [`backend::Backend`] from the moment the backend is chosen until the answer's last byte has been taken over, so
//! [`backend::Backend::drained`] tells when an instance may be stopped. It answers on threads of its own.

pub mod backend;
mod client_info;
mod client_stream;
pub mod config;
mod connection;
mod exchange;
mod forward;
mod head_tap;
mod headers;
mod host;
mod pages;
mod proxy;
mod response_body;
pub mod route;
pub mod table;
mod tunnel;
mod upstream_connection;
mod workers;

use std::{io, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    accept::accepted,
    descriptors,
    ingress::{
        client_info::ClientInfo, config::IngressConfig, connection::serve_connection, proxy::Proxy,
        table::Table, workers::Workers,
    },
};

/// How often idle connections to instances are looked through.
const SWEEPS_EVERY: Duration = Duration::from_secs(10);

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
                let client = ClientInfo::new(address.ip(), place.map_err(io::Error::other)?);
                let serving = serve_connection(Arc::clone(&proxy), stream, client);
                tasks.spawn_on(serving, workers.next());
            }
        }
    }
    stopping.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(())
}
