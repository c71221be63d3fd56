//! Requests to an app without end, as many at once as there are clients.

use crate::wait::until;
use reqwest::header::HOST;
use reqwest::{Client, StatusCode};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

const CLIENTS: usize = 4;
/// Longer than any instance may take to be found dead.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Bounded: the machine has other things to do than this test.
const BREATH: Duration = Duration::from_millis(5);

/// A client of apps, by their host names.
pub fn client() -> Client {
    Client::builder()
        .no_proxy()
        .timeout(ANSWER_WITHIN)
        .build()
        .expect("a client")
}

/// One idempotent request through the ingress.
pub async fn get(
    client: &Client,
    apps: SocketAddr,
    host: &str,
    path: &str,
) -> Result<String, String> {
    let request = client
        .get(format!("http://{apps}{path}"))
        .header(HOST, host);
    let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
    let status = answer.status();
    let body = answer.text().await.map_err(|error| format!("{error:?}"))?;
    if status == StatusCode::OK {
        Ok(body)
    } else {
        Err(format!("{status} {body}"))
    }
}

/// A closed loop of requests: each client asks again once it has been answered.
pub struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    clients: JoinSet<Vec<String>>,
}

impl Load {
    /// Starts it and waits for the first answers.
    pub async fn start(apps: SocketAddr, host: &str) -> Self {
        let (stop, done) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let (stop, done, host) = (stop.clone(), done.clone(), host.to_owned());
            clients.spawn(async move {
                let (client, mut failures) = (client(), Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    if let Err(failure) = get(&client, apps, &host, "/api/load").await {
                        failures.push(failure);
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(BREATH).await;
                }
                failures
            });
        }
        let load = Self {
            stop,
            done,
            clients,
        };
        load.more(20).await;
        load
    }

    /// Lets some more requests pass.
    pub async fn more(&self, requests: u64) {
        let target = self.done.load(Ordering::Relaxed) + requests;
        until("an answer", async || {
            (self.done.load(Ordering::Relaxed) >= target).then_some(())
        })
        .await;
    }

    /// Ends it after some more requests; none may have failed.
    pub async fn end_without_failure(mut self, while_doing: &str) {
        self.more(20).await;
        self.stop.store(true, Ordering::Relaxed);
        let mut failures = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            failures.extend(client.expect("a client"));
        }
        let done = self.done.load(Ordering::Relaxed);
        println!("{while_doing}: {done} requests, {} failed", failures.len());
        assert!(
            failures.is_empty(),
            "{while_doing}: {} of {done} failed: {failures:#?}",
            failures.len()
        );
    }
}
