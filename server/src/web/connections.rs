//! The portal's connections: who gets one, how long it may keep silent, and how it ends.
//!
//! HTTP/1.1 alone. A head that does not come, a body that does not go on, an answer that nobody takes and a client
//! that is gone each end their connection; no address has more than its share of them.

mod held;
mod paced;
pub mod shares;

use crate::web::layers::client_address;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, EXPECT, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use domain::networks::{contain, household, site};
use held::Held;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use paced::Paced;
use rustix::net::sockopt;
use shares::{Share, Shares};
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, copy, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// The request line and the headers, bytes.
const HEAD_AT_MOST: usize = 64 << 10;
/// The share of a site, in shares of one address.
const SITE_SHARE: usize = 2;
/// The pause after a connection could not be accepted, as when too many files are open.
const PAUSE: Duration = Duration::from_millis(50);

/// What connections may take.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// Connections at once.
    pub connections: usize,
    /// Of these, connections of one address; through a trusted proxy, requests of one address at once.
    pub of_one_address: usize,
    /// How long a head may take, and how long a connection may lie idle.
    pub head_within: Duration,
    /// The same for a trusted proxy, which keeps idle connections to send on them again: longer than it does.
    pub of_proxy_within: Duration,
    /// In how much time each `body_bytes` of a body must come.
    pub body_within: Duration,
    /// Bytes.
    pub body_bytes: usize,
    /// How long a client may take nothing of what is sent to it.
    pub taken_within: Duration,
    /// How long requests may take to finish when the program stops.
    pub finish_within: Duration,
}

impl ConnectionLimits {
    /// What this many open files allow.
    pub fn for_files(files: u64) -> Self {
        const AT_MOST: usize = 16 << 10;
        /// For everything else: the database, the engine, files.
        const RESERVED: u64 = 512;
        let free = files - RESERVED.min(files / 2);
        let connections = usize::try_from(free).unwrap_or(AT_MOST).min(AT_MOST);
        Self {
            connections,
            of_one_address: (connections / 4).min(512),
            head_within: Duration::from_secs(30),
            of_proxy_within: Duration::from_secs(150),
            body_within: Duration::from_secs(30),
            body_bytes: 16 << 10,
            taken_within: Duration::from_mins(2),
            finish_within: Duration::from_secs(10),
        }
    }
}

struct Server {
    router: Router,
    limits: ConnectionLimits,
    trusted: Arc<[IpNet]>,
    addresses: Shares<IpAddr>,
    sites: Shares<IpAddr>,
    stop: CancellationToken,
}

/// Answers on `listener` until `stop` is cancelled; then lets running requests finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    trusted: Arc<[IpNet]>,
    stop: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(limits.connections));
    let server = Arc::new(Server {
        addresses: Shares::new(limits.of_one_address),
        sites: Shares::new(limits.of_one_address * SITE_SHARE),
        router,
        limits,
        trusted,
        stop: stop.clone(),
    });
    let tasks = TaskTracker::new();
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (accept(&listener).await, place)
        };
        let ((stream, peer), place) = tokio::select! {
            next = next => next,
            () = stop.cancelled() => break,
        };
        let Ok(place) = place else { break };
        if let Ok(share) = server.share_of_connection(peer.ip()) {
            let held = (place, share);
            tasks.spawn(serve_connection(Arc::clone(&server), stream, peer, held));
        } else {
            let hears = room.available_permits() > server.limits.connections / 2;
            tasks.spawn(turn_away(stream, place, hears));
        }
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// A client that is gone without a word is found out within two minutes of silence.
fn set_options(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, Duration::from_mins(1))?;
    sockopt::set_tcp_keepintvl(stream, Duration::from_secs(15))?;
    Ok(sockopt::set_tcp_keepcnt(stream, 4)?)
}

type Place = (OwnedSemaphorePermit, Option<ClientShare>);
/// Of its household's, and of its site's.
type ClientShare = (Share<IpAddr>, Share<IpAddr>);

async fn serve_connection(server: Arc<Server>, stream: TcpStream, peer: SocketAddr, place: Place) {
    let _place = place;
    if let Err(error) = set_options(&stream) {
        tracing::debug!(%error, "an option of a connection could not be set");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(server.limits.taken_within));
    let service = service_fn(|request| {
        let server = Arc::clone(&server);
        async move { Ok::<_, Infallible>(server.answer(peer, request).await) }
    });
    let head_within = if contain(&server.trusted, peer.ip()) {
        server.limits.of_proxy_within
    } else {
        server.limits.head_within
    };
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_within)
        .max_buf_size(HEAD_AT_MOST)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => Ok(ended),
        () = server.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(server.limits.finish_within, connection).await
        }
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection broke"),
        Err(_) => tracing::warn!("a request did not finish in time and was cut off"),
    }
}

/// Tells an address that has its share already. Where there is room (`hears`), what it
/// says is read on for a moment: closing before would take the answer away from it.
async fn turn_away(mut stream: TcpStream, _place: OwnedSemaphorePermit, hears: bool) {
    const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let told = async {
        stream.write_all(ANSWER).await?;
        stream.shutdown().await?;
        if hears {
            copy(&mut stream, &mut sink()).await?;
        }
        io::Result::Ok(())
    };
    let _ = timeout(Duration::from_secs(1), told).await;
}

impl Server {
    /// A direct client's share; a trusted proxy's connections are those of many clients.
    fn share_of_connection(&self, peer: IpAddr) -> Result<Option<ClientShare>, ()> {
        if contain(&self.trusted, peer) {
            return Ok(None);
        }
        self.share_of(peer).map(Some).ok_or(())
    }

    fn share_of(&self, client: IpAddr) -> Option<ClientShare> {
        let of_household = self.addresses.take(household(client))?;
        Some((of_household, self.sites.take(site(client))?))
    }

    async fn answer(&self, peer: SocketAddr, request: hyper::Request<Incoming>) -> Response {
        let mut share = None;
        if contain(&self.trusted, peer.ip()) {
            let client = client_address::client(&self.trusted, peer.ip(), request.headers());
            share = self.share_of(client);
            if share.is_none() {
                let text = "Too many requests at once from this address. Try again in a moment.\n";
                let headers = [(RETRY_AFTER, "5"), (CONNECTION, "close")];
                return (StatusCode::SERVICE_UNAVAILABLE, headers, text).into_response();
            }
        }
        let waits = request.headers().contains_key(EXPECT);
        let mut request: Request = request.map(|body| {
            let pace = (self.limits.body_within, self.limits.body_bytes);
            Body::new(Paced::new(body, pace, waits))
        });
        request.extensions_mut().insert(ConnectInfo(peer));
        let Ok(response) = self.router.clone().oneshot(request).await;
        match share {
            None => response,
            Some(share) => response.map(|body| Body::new(Held::new(body, share))),
        }
    }
}
