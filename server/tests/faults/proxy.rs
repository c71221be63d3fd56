//! Stands between the portal and PostgreSQL, so that a test can take the server away and give it back.

use std::net::SocketAddr;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They reach the server.
    Open,
    /// They are closed, old and new ones.
    Closed,
    /// They stay, and not a byte passes; those that were silenced never speak again.
    Silent,
}

/// A proxy on loopback, gone when dropped.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    way: watch::Sender<Way>,
    _accepting: JoinSet<()>,
}

impl Proxy {
    /// Stands before `server`, open.
    pub async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (way, seen) = watch::channel(Way::Open);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(carry(client, server.clone(), seen.clone()));
            }
        });
        Self {
            address,
            way,
            _accepting: accepting,
        }
    }

    /// Changes what becomes of connections.
    pub fn turn(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn carry(mut client: TcpStream, server: String, mut way: watch::Receiver<Way>) {
    let now = *way.borrow_and_update();
    if now == Way::Open {
        let Ok(mut server) = TcpStream::connect(server).await else {
            return;
        };
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            _ = way.wait_for(|way| *way != Way::Open) => {}
        }
        // The server's end is kept as well: to it, the client is merely quiet.
        let _ = way.wait_for(|way| *way != Way::Silent).await;
    } else {
        let _ = way.wait_for(|way| *way != Way::Silent).await;
    }
}
