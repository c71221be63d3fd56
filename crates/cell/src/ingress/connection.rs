//! One client's connection.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use http::{HeaderValue, StatusCode};
use hyper::{server::conn::http1::Builder, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, sync::OwnedSemaphorePermit, time::timeout};

use crate::ingress::{
    client_stream::ClientStream,
    forward::{self, Proxy},
    headers,
    heard::Heard,
};

/// Who is at the other end.
pub(super) struct Peer {
    pub(super) address: HeaderValue,
    pub(super) forwarded_for: String,
    pub(super) heard: Heard,
    /// Its place among the connections there may be; kept by an upgraded connection too.
    pub(super) place: Arc<OwnedSemaphorePermit>,
}

impl Peer {
    pub(super) fn new(ip: IpAddr, place: OwnedSemaphorePermit) -> Self {
        let ip = ip.to_canonical();
        Self {
            address: HeaderValue::try_from(ip.to_string())
                .unwrap_or(HeaderValue::from_static("unknown")),
            forwarded_for: headers::forwarded_for(ip),
            heard: Heard::default(),
            place: Arc::new(place),
        }
    }
}

/// Answers what comes over `stream` until either side closes it; once the ingress stops, no further
/// request is taken.
pub(super) async fn serve_connection(proxy: Arc<Proxy>, stream: TcpStream, peer: Peer) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    // It was accepted by another thread, whose runtime would go on waiting for it.
    let stream = match stream.into_std().and_then(TcpStream::from_std) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::warn!(%error, "a client's connection could not be taken over");
            return;
        }
    };
    let stream = ClientStream::new(stream, peer.heard.clone(), proxy.config.send_timeout);
    let service = service_fn(|request| async {
        let answer = forward::answer(&proxy, &peer, request).await;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            peer.heard.rest();
        } else {
            peer.heard.listen();
        }
        Ok::<_, Infallible>(answer)
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
