//! One client's connection.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use http::HeaderValue;
use hyper::{server::conn::http1::Builder, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, time::timeout};

use crate::ingress::{
    forward::{self, Proxy},
    headers,
    heard::{Heard, Listening},
};

/// Who is at the other end.
pub(super) struct Peer {
    pub(super) address: HeaderValue,
    pub(super) forwarded_for: String,
    pub(super) heard: Heard,
}

impl Peer {
    pub(super) fn new(ip: IpAddr) -> Self {
        let ip = ip.to_canonical();
        Self {
            address: HeaderValue::try_from(ip.to_string())
                .unwrap_or(HeaderValue::from_static("unknown")),
            forwarded_for: headers::forwarded_for(ip),
            heard: Heard::default(),
        }
    }
}

/// Answers what comes over `stream` until either side closes it; once the ingress stops, no further
/// request is taken.
pub(super) async fn serve_connection(proxy: Arc<Proxy>, stream: TcpStream, peer: Peer) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let stream = Listening::new(stream, peer.heard.clone());
    let service = service_fn(|request| async {
        Ok::<_, Infallible>(forward::answer(&proxy, &peer, request).await)
    });
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(proxy.config.header_timeout)
        .max_header_size(proxy.config.max_header_bytes)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = &mut connection => ended,
        () = proxy.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match timeout(proxy.config.closing, connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's connection broke");
    }
}
