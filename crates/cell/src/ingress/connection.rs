//! One client's connection.

use std::{convert::Infallible, sync::Arc};

use hyper::{server::conn::http1::Builder, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use crate::{
    ingress::{
        client_info::ClientInfo,
        client_stream::ClientStream,
        ending::Ending,
        forward,
        pages::{self, Form, words::Refusal},
        proxy::Proxy,
    },
    keep_alive::keep_alive,
};

/// Answers what comes over `stream` until either side closes it; once the ingress stops, no further
/// request is taken.
pub(super) async fn serve_connection(proxy: Arc<Proxy>, stream: TcpStream, client: ClientInfo) {
    let Some(stream) = taken_over(stream) else {
        return;
    };
    let stream = ClientStream::new(stream, Arc::clone(&client.state), &proxy.config);
    let service = service_fn(|request| async {
        Ok::<_, Infallible>(forward::answer(&proxy, &client, request).await)
    });
    let connection = Builder::new()
        .header_read_timeout(None)
        // Most answers are small: one piece costs the system less than a list of two.
        .writev(false)
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

/// Says why a connection is not served, and ends it.
pub(super) async fn refuse(proxy: Arc<Proxy>, stream: TcpStream, refusal: Refusal) {
    let Some(mut stream) = taken_over(stream) else {
        return;
    };
    let mut ending = Ending::new(proxy.config.lingering);
    ending.say(pages::last_words(&refusal, Form::Html));
    let ended = std::future::poll_fn(|cx| ending.poll(cx, &mut stream, false));
    tokio::select! {
        _ = ended => {}
        () = proxy.stopping.cancelled() => {}
    }
}

/// The connection on this thread: it was accepted by another one, whose runtime would go on waiting for it.
fn taken_over(stream: TcpStream) -> Option<TcpStream> {
    if let Err(error) = stream.set_nodelay(true).and_then(|()| keep_alive(&stream)) {
        tracing::debug!(%error, "an option of a client's connection could not be set");
    }
    let stream = stream.into_std().and_then(TcpStream::from_std);
    stream
        .inspect_err(
            |error| tracing::warn!(%error, "a client's connection could not be taken over"),
        )
        .ok()
}
