//! Listening on a unix socket or a port of the loopback interface.

use crate::settings::Address;
use axum::Router;
use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use tokio::net::{TcpListener, UnixListener};

/// A bound address.
pub enum Listener {
    /// A unix socket.
    Unix(UnixListener),
    /// A TCP port.
    Tcp(TcpListener),
}

/// Binds `address`; a socket file that a dead process left behind is taken over.
pub fn bind(address: &Address) -> io::Result<Listener> {
    match address {
        Address::Socket(path) => {
            match std::os::unix::net::UnixStream::connect(path) {
                Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(path)?;
                }
                Err(_) => {}
            }
            UnixListener::bind(path).map(Listener::Unix)
        }
        Address::Port(port) => {
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, *port))?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener).map(Listener::Tcp)
        }
    }
}

/// Serves until `ending`, then finishes the requests that have begun.
pub async fn serve(
    listener: Listener,
    router: Router,
    ending: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    match listener {
        Listener::Unix(listener) => {
            axum::serve(listener, router)
                .with_graceful_shutdown(ending)
                .await
        }
        Listener::Tcp(listener) => {
            axum::serve(listener, router)
                .with_graceful_shutdown(ending)
                .await
        }
    }
}
