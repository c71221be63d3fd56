//! Serves the engine's interface; connections on which nothing comes in time are closed.

use crate::accept::accepted;
use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::time::Duration;
use tokio::net::UnixListener;

/// How long a request's head may take, and a connection be silent between two requests.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// Answers on `listener` until `ending` resolves; then lets running requests end.
pub async fn serve(
    listener: UnixListener,
    router: Router,
    header_timeout: Duration,
    ending: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let mut ending = std::pin::pin!(ending);
    loop {
        let stream = tokio::select! {
            () = &mut ending => break,
            (stream, _) = accepted(|| listener.accept()) => stream,
        };
        let connection = Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .serve_connection(
                TokioIo::new(stream),
                TowerToHyperService::new(router.clone()),
            );
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection of the interface broke");
            }
        });
    }
    graceful.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::serve;
    use axum::Router;
    use axum::routing::get;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{UnixListener, UnixStream};
    use tokio::time::timeout;

    #[tokio::test]
    async fn silent_and_half_sent_requests_are_ended_and_others_answered() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("socket");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let router = Router::new().route("/", get(|| async { "here" }));
        let serving = tokio::spawn(serve(
            listener,
            router,
            Duration::from_millis(50),
            std::future::pending(),
        ));
        for (sent, answer) in [
            ("", ""),
            ("GET / HTTP/1.1\r\nhost: a\r\n", ""),
            ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", "here"),
        ] {
            let mut client = UnixStream::connect(&socket).await.expect("connected");
            client
                .write_all(sent.as_bytes())
                .await
                .expect("it is taken");
            let mut all = String::new();
            let ended = timeout(Duration::from_secs(20), client.read_to_string(&mut all)).await;
            ended.expect("it ends").expect("it is closed");
            assert!(all.ends_with(answer), "{sent:?}: {all}");
        }
        serving.abort();
    }
}
