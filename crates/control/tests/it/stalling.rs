//! Stands between a portal and PostgreSQL, and holds every byte back for a while: nothing is lost, and all comes late.

use sqlx::postgres::PgConnectOptions;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A proxy on loopback, gone when dropped.
pub struct Stalling {
    address: SocketAddr,
    held: watch::Sender<bool>,
    _accepting: JoinSet<()>,
}

impl Stalling {
    /// Stands before the server of these options.
    pub async fn before(server: &PgConnectOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (held, seen) = watch::channel(false);
        let server = (server.get_host().to_owned(), server.get_port());
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server.clone()).await else {
                    continue;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                connections.spawn(carry(from_client, to_server, seen.clone()));
                connections.spawn(carry(from_server, to_client, seen.clone()));
            }
        });
        Self {
            address,
            held,
            _accepting: accepting,
        }
    }

    /// The same server through this.
    pub fn options(&self, server: &PgConnectOptions) -> PgConnectOptions {
        let (host, port) = (self.address.ip().to_string(), self.address.port());
        server.clone().host(&host).port(port)
    }

    /// Holds everything back from now on, or lets it go.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut held: watch::Receiver<bool>) {
    let mut bytes = vec![0; 1 << 14];
    while let Ok(count) = from.read(&mut bytes).await {
        if held.wait_for(|held| !held).await.is_err() || count == 0 {
            return;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
