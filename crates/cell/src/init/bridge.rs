//! Unix sockets and TCP ports joined, each way.

use crate::accept::accepted;
use anyhow::Context;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// A unix socket that leads to a local TCP port.
#[derive(Debug, Clone)]
pub struct Inward {
    path: PathBuf,
    port: u16,
}

/// A local TCP port that leads to a unix socket.
#[derive(Debug, Clone)]
pub struct Outward {
    port: u16,
    path: PathBuf,
}

impl FromStr for Inward {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (path, port) = text.rsplit_once('=').context("PATH=PORT is expected")?;
        Ok(Self {
            path: PathBuf::from(path),
            port: port.parse().context("PATH=PORT is expected")?,
        })
    }
}

impl FromStr for Outward {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (port, path) = text.split_once('=').context("PORT=PATH is expected")?;
        Ok(Self {
            port: port.parse().context("PORT=PATH is expected")?,
            path: PathBuf::from(path),
        })
    }
}

impl Inward {
    /// Makes the socket.
    pub fn listen(&self) -> std::io::Result<InwardListener> {
        Ok(InwardListener {
            listener: UnixListener::bind(&self.path)?,
            port: self.port,
        })
    }
}

impl Outward {
    /// Opens the port.
    pub async fn listen(&self) -> std::io::Result<OutwardListener> {
        Ok(OutwardListener {
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?,
            path: self.path.clone(),
        })
    }
}

/// A unix socket that is listened on.
pub struct InwardListener {
    listener: UnixListener,
    port: u16,
}

impl InwardListener {
    /// Joins each connection with one to the port, for ever.
    pub async fn serve(self) {
        loop {
            let (near, _) = accepted(|| self.listener.accept()).await;
            let port = self.port;
            tokio::spawn(async move {
                if let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                    drop(far.set_nodelay(true));
                    join(near, far).await;
                }
            });
        }
    }
}

/// A TCP port that is listened on.
pub struct OutwardListener {
    listener: TcpListener,
    path: PathBuf,
}

impl OutwardListener {
    /// Joins each connection with one to the socket, for ever.
    pub async fn serve(self) {
        loop {
            let (near, _) = accepted(|| self.listener.accept()).await;
            let path = self.path.clone();
            tokio::spawn(async move {
                if let Ok(far) = UnixStream::connect(path).await {
                    drop(near.set_nodelay(true));
                    join(near, far).await;
                }
            });
        }
    }
}

/// Copies both ways until both ends have said all.
pub async fn join<A, B>(mut near: A, mut far: B)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    if let Err(error) = tokio::io::copy_bidirectional(&mut near, &mut far).await {
        tracing::debug!(%error, "a joined connection broke");
    }
}
