//! Attacks by connections that say little or nothing.

use super::HOSTILE;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

const SOCKETS: usize = 2_000;
const SLOW_BODIES: usize = 300;
const PAUSE: Duration = Duration::from_secs(2);

/// Lets this process hold as many connections as the attacks need.
pub fn raise_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("as many as are allowed");
}

/// Opens connections and keeps them without a word.
pub async fn hold_idle(server: SocketAddr, end: Instant) -> (String, String) {
    let mut open = Vec::new();
    for _ in 0..SOCKETS {
        if let Ok(socket) = connect(server).await {
            open.push(socket);
        }
    }
    let held = open.len();
    let mut alive = held;
    while Instant::now() < end {
        tokio::time::sleep(PAUSE).await;
        alive = open.iter().filter(|socket| is_open(socket)).count();
    }
    let told = format!("{held} connected, {alive} of them open at the end");
    (format!("idle connections to {server}"), told)
}

/// Sends bodies a byte at a time.
pub async fn slow_bodies(apps: SocketAddr, host: String, end: Instant) -> (String, String) {
    let head =
        format!("POST /api/echo HTTP/1.1\r\nhost: {host}\r\ncontent-length: 1000000\r\n\r\n");
    let mut open = Vec::new();
    for _ in 0..SLOW_BODIES {
        if let Ok(mut socket) = connect(apps).await
            && socket.write_all(head.as_bytes()).await.is_ok()
        {
            open.push(socket);
        }
    }
    let begun = open.len();
    while Instant::now() < end {
        tokio::time::sleep(PAUSE).await;
        let mut going_on = Vec::new();
        for mut socket in open {
            if is_open(&socket) && socket.write_all(b"x").await.is_ok() {
                going_on.push(socket);
            }
        }
        open = going_on;
    }
    let told = format!("{begun} begun, {} of them open at the end", open.len());
    ("slow bodies".to_owned(), told)
}

async fn connect(server: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(HOSTILE, 0))?;
    tokio::time::timeout(PAUSE, socket.connect(server)).await?
}

/// Whether the other side has neither closed it nor answered and closed.
fn is_open(socket: &TcpStream) -> bool {
    let mut byte = [0; 4096];
    loop {
        match socket.try_read(&mut byte) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }
}
