//! Requests to apps, one by one or without end.

use bytes::Bytes;
use engine::workload::Workload;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// One request through the ingress on a connection of its own.
pub async fn request(
    apps: SocketAddr,
    workload: &Workload,
    method: Method,
    path: &str,
) -> anyhow::Result<(StatusCode, Bytes)> {
    let (answer, _connection) = open(apps, workload, method, path).await?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}

/// The head of an answer, and the connection that its body comes by.
pub async fn open(
    apps: SocketAddr,
    workload: &Workload,
    method: Method,
    path: &str,
) -> anyhow::Result<(Response<Incoming>, JoinSet<hyper::Result<()>>)> {
    let stream = TcpStream::connect(apps).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", &workload.hosts[0])
        .header("connection", "close")
        .body(Empty::<Bytes>::new())?;
    Ok((sender.send_request(request).await?, driver))
}

pub async fn get(apps: SocketAddr, workload: &Workload, path: &str) -> (StatusCode, Bytes) {
    request(apps, workload, Method::GET, path)
        .await
        .expect("an answer")
}

/// What the instance says that happens to answer.
pub async fn who(apps: SocketAddr, workload: &Workload) -> Value {
    let (status, body) = get(apps, workload, "/api/instance").await;
    assert_eq!(status, StatusCode::OK, "{body:?}");
    serde_json::from_slice(&body).expect("JSON")
}

/// Requests without end from a few clients, each after the answer to the one before.
pub struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    clients: JoinSet<Vec<String>>,
}

impl Load {
    pub fn start(apps: SocketAddr, workload: &Workload) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let done = Arc::new(AtomicU64::new(0));
        let mut clients = JoinSet::new();
        for _ in 0..4 {
            let (stop, done, workload) = (stop.clone(), done.clone(), workload.clone());
            clients.spawn(async move {
                let mut failures = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    match request(apps, &workload, Method::GET, "/api/load").await {
                        Ok((StatusCode::OK, _)) => {}
                        Ok((status, body)) => failures.push(format!("{status} {body:?}")),
                        Err(error) => failures.push(format!("{error:#}")),
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                    // Bounded: the machine has other things to do than this test.
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                failures
            });
        }
        Self {
            stop,
            done,
            clients,
        }
    }

    /// Lets some more requests pass.
    pub async fn more(&self, requests: u64) {
        let target = self.done.load(Ordering::Relaxed) + requests;
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.done.load(Ordering::Relaxed) < target {
            assert!(Instant::now() < deadline, "requests get no answers");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it; no request may have failed.
    pub async fn end_without_failure(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let mut failures = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            failures.extend(client.expect("a client"));
        }
        let done = self.done.load(Ordering::Relaxed);
        assert!(
            failures.is_empty(),
            "{} of {done} failed: {failures:?}",
            failures.len()
        );
        assert!(done > 0);
    }
}
