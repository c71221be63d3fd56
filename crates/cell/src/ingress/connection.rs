//! One client's connection.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use hyper::{server::conn::http1::Builder, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt;
use tokio::{net::TcpStream, time::timeout};

use crate::ingress::{
    client_info::ClientInfo, client_stream::ClientStream, forward, head_tap::HeadTap, proxy::Proxy,
};

/// A client that is gone without a word is found out within two minutes of silence, whatever waits for it.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, Duration::from_mins(1))?;
    sockopt::set_tcp_keepintvl(stream, Duration::from_secs(15))?;
    Ok(sockopt::set_tcp_keepcnt(stream, 4)?)
}

/// Answers what comes over `stream` until either side closes it; once the ingress stops, no further
/// request is taken.
pub(super) async fn serve_connection(proxy: Arc<Proxy>, stream: TcpStream, client: ClientInfo) {
    if let Err(error) = stream.set_nodelay(true).and_then(|()| keep_alive(&stream)) {
        tracing::debug!(%error, "an option of a client's connection could not be set");
    }
    // It was accepted by another thread, whose runtime would go on waiting for it.
    let stream = match stream.into_std().and_then(TcpStream::from_std) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::warn!(%error, "a client's connection could not be taken over");
            return;
        }
    };
    let tap = HeadTap::new(proxy.config.max_header_bytes, client.two_lengths.clone());
    let stream = ClientStream::new(stream, tap, proxy.config.send_timeout);
    let service = service_fn(|request| async {
        Ok::<_, Infallible>(forward::answer(&proxy, &client, request).await)
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
