//! What `portal up` has started: each is a task that keeps its process running and hands it back.

use super::cell::Cell;
use super::postgres::server::Server;
use anyhow::{Context, Result};
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The pause before something that has ended is started again.
const PAUSE: Duration = Duration::from_secs(1);

/// Something with a process, which is started again when it ends.
pub trait Part: Send + Sized + 'static {
    async fn start(&mut self) -> Result<()>;
    fn keep_running(&mut self) -> impl Future<Output = Result<()>> + Send;
    async fn stop(self) -> Result<()>;
}

impl Part for Server {
    async fn start(&mut self) -> Result<()> {
        Server::start(self).await
    }

    async fn keep_running(&mut self) -> Result<()> {
        Server::keep_running(self).await
    }

    async fn stop(self) -> Result<()> {
        Server::stop(self).await
    }
}

impl Part for Cell {
    async fn start(&mut self) -> Result<()> {
        Cell::start(self).await
    }

    async fn keep_running(&mut self) -> Result<()> {
        Cell::keep_running(self).await
    }

    async fn stop(self) -> Result<()> {
        Cell::stop(self).await
    }
}

/// Starts a part and keeps it running; nothing when that was interrupted. What did not come up is ended.
pub async fn start<T: Part>(
    what: &str,
    mut part: T,
    stop: &CancellationToken,
) -> Result<Option<Kept<T>>> {
    let started = tokio::select! {
        started = timed(what, part.start()) => started.map(Some),
        () = stop.cancelled() => Ok(None),
    };
    if let Ok(Some(())) = started {
        return Ok(Some(Kept::new(part)));
    }
    if let Err(error) = part.stop().await {
        tracing::error!("{error:#}");
    }
    started.map(|_| None)
}

/// Ends a part, if it was started.
pub async fn end<T: Part>(kept: Option<Kept<T>>) -> Result<()> {
    match kept {
        Some(kept) => kept.take_back().await?.stop().await,
        None => Ok(()),
    }
}

/// A part that is kept running.
pub struct Kept<T> {
    stop: CancellationToken,
    task: JoinHandle<T>,
}

impl<T: Part> Kept<T> {
    /// Keeps running what has been started.
    pub fn new(mut it: T) -> Self {
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return it,
                    kept = it.keep_running() => {
                        if let Err(error) = kept {
                            tracing::error!("{error:#}");
                        }
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { stop, task }
    }

    async fn take_back(self) -> Result<T> {
        self.stop.cancel();
        self.task.await.context("taking back what was kept running")
    }
}

/// Says that something is up, and how long that took.
pub async fn timed<T>(what: &str, starting: impl Future<Output = Result<T>>) -> Result<T> {
    let since = Instant::now();
    let started = starting.await.with_context(|| format!("starting {what}"))?;
    say(&format!(
        "{what} is up ({:.1} s)",
        since.elapsed().as_secs_f32()
    ));
    Ok(started)
}

/// Says something on the terminal.
pub fn say(text: &str) {
    println!("portal: {text}");
}
