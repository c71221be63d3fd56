//! The way from the outside to the instances: an HTTP/1.1 reverse proxy that finds the workload by its
//! host, shares requests out among its ready instances and hides the loss of one where it safely can.
//!
//! [`table::Table`] says what is routable; [`serve`] answers from it. A request counts as in flight on its
//! [`backend::Backend`] from the moment the backend is chosen until the answer's last byte has been taken over, so
//! [`backend::Backend::drained`] tells when an instance may be stopped. It answers on threads of its own.

mod activity;
mod answer_body;
pub mod backend;
mod client_info;
mod client_stream;
pub mod config;
mod connection;
mod connection_state;
mod cookies;
mod debugger_path;
mod ending;
mod exchange;
mod forward;
mod head_gate;
mod headers;
mod health;
mod host;
mod pace;
mod pages;
mod proxy;
mod request_body;
mod response_body;
pub mod route;
mod shares;
pub mod table;
mod tunnel;
mod upstream_connection;
mod upstream_stream;
mod workers;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use crate::{
    accept::accepted,
    ingress::{
        client_info::ClientInfo,
        config::IngressConfig,
        connection::{refuse, serve_connection},
        proxy::Proxy,
        table::Table,
        workers::Workers,
    },
};

/// How often idle connections to instances are looked through.
const SWEEPS_EVERY: Duration = Duration::from_secs(10);
/// The most connections that are told at once that there is no place for them; more are closed without a word.
const TOLD_AT_ONCE: usize = 64;

/// Answers on `listener` from `table` until `shutdown` resolves; then lets running requests end, for at
/// most [`IngressConfig::closing`].
pub async fn serve(
    listener: TcpListener,
    table: Table,
    config: IngressConfig,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut door = Door {
        proxy: Arc::new(Proxy::new(table, config)),
        workers: Workers::start()?,
        told: Arc::new(Semaphore::new(TOLD_AT_ONCE)),
        refused: 0,
    };
    let mut shutdown = std::pin::pin!(shutdown);
    let mut sweeps = tokio::time::interval(SWEEPS_EVERY);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            _ = sweeps.tick() => door.sweep(),
            (stream, address) = accepted(|| listener.accept()) => door.pass(stream, address),
        }
    }
    let proxy = &door.proxy;
    proxy.stopping.cancel();
    proxy.tasks.close();
    proxy.tasks.wait().await;
    Ok(())
}

/// Where connections come in.
struct Door {
    proxy: Arc<Proxy>,
    workers: Workers,
    told: Arc<Semaphore>,
    /// How many had no place since the last sweep.
    refused: usize,
}

impl Door {
    fn pass(&mut self, stream: TcpStream, address: SocketAddr) {
        let proxy = Arc::clone(&self.proxy);
        match proxy.place(address.ip()) {
            Ok(place) => {
                let client = ClientInfo::new(&proxy.config, address.ip(), place);
                let serving = serve_connection(proxy, stream, client);
                self.proxy.tasks.spawn_on(serving, self.workers.next());
            }
            Err(refusal) => {
                self.refused += 1;
                if let Ok(told) = Arc::clone(&self.told).try_acquire_owned() {
                    let refusing = refuse(proxy, stream, refusal);
                    let refusing = async move {
                        refusing.await;
                        drop(told);
                    };
                    self.proxy.tasks.spawn_on(refusing, self.workers.next());
                }
            }
        }
    }

    fn sweep(&mut self) {
        self.proxy.table.sweep();
        if self.refused > 0 {
            let refused = std::mem::take(&mut self.refused);
            tracing::warn!(
                refused,
                "connections found no place; if they come from a proxy before the apps, name it in TRUSTED_PROXIES"
            );
        }
    }
}
