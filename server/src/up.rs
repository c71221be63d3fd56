//! `portal up`: everything on this machine with one command, and nothing left of it after Ctrl-C.
//!
//! Started in order: the database, the cell, the portal; ended the other way round. What an earlier start
//! has left running after being killed is taken over.

mod cell;

use crate::config::Config;
use crate::demo_people::{self, DemoPerson};
use crate::postgres::Cluster;
use crate::postgres::server::Server;
use crate::{private_file, serve};
use anyhow::{Context, Result, bail};
use cell::Cell;
use domain::roles::Role;
use std::fs::{File, TryLockError};
use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The pause before something that has ended is started again.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs everything until it is interrupted.
pub async fn run(config: Config) -> Result<()> {
    private_file::create_dir(&config.data)?;
    let _only_one = lock(&config.data)?;
    let stop = CancellationToken::new();
    cancel_on_signal(&stop)?;
    let mut parts = Parts::default();
    let ran = parts.run(&config, &stop).await;
    say("stopping");
    let stopped = parts.stop().await;
    ran.and(stopped)
}

/// Two of these on one folder would fight over it.
fn lock(data: &Path) -> Result<File> {
    let path = data.join("portal.lock");
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("opening {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!(
                "PORTAL_DATA: the portal is running on {} already; stop that one, or set PORTAL_DATA to another folder",
                data.display()
            )
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("locking {}", path.display()))
        }
    }
}

/// Cancels at the first signal; a second one is no reason to leave processes behind.
fn cancel_on_signal(stop: &CancellationToken) -> Result<()> {
    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        let mut arrives = signal(kind).context("waiting for signals")?;
        let stop = stop.clone();
        tokio::spawn(async move {
            while arrives.recv().await.is_some() {
                stop.cancel();
            }
        });
    }
    Ok(())
}

/// What has been started so far; each is a task that keeps its process running and hands it back.
#[derive(Default)]
struct Parts {
    postgres: Option<Kept<Server>>,
    cell: Option<Kept<Cell>>,
}

impl Parts {
    async fn run(&mut self, config: &Config, stop: &CancellationToken) -> Result<()> {
        let listener = serve::bind(config).await?;
        if config.database_url.is_none() {
            let server = Server::new(Cluster::locate(config)?).await?;
            self.postgres = start("PostgreSQL", server, stop).await?;
        }
        if stop.is_cancelled() {
            return Ok(());
        }
        self.cell = start("the cell that runs the apps", Cell::new(config)?, stop).await?;
        if stop.is_cancelled() {
            return Ok(());
        }
        let app = tokio::select! {
            app = timed("the portal", serve::prepare(config, stop.clone())) => app?,
            () = stop.cancelled() => return Ok(()),
        };
        let file = config.data.join("demo-people.json");
        if config.issuer.is_none() {
            say_people(&demo_people::ensure(&app.control, &file).await?, &file);
        }
        say(&format!(
            "ready: {}   (apps: http://NAME.{}:{}; Ctrl-C ends everything)",
            config.portal_url,
            config.apps_domain,
            config.apps_addr.port()
        ));
        serve::run(config, app, listener).await
    }

    async fn stop(self) -> Result<()> {
        let cell = end(self.cell).await;
        let postgres = end(self.postgres).await;
        cell.and(postgres)
    }
}

/// Something with a process, which is started again when it ends.
trait Part: Send + Sized + 'static {
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
async fn start<T: Part>(
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

async fn end<T: Part>(kept: Option<Kept<T>>) -> Result<()> {
    match kept {
        Some(kept) => kept.take_back().await?.stop().await,
        None => Ok(()),
    }
}

struct Kept<T> {
    stop: CancellationToken,
    task: JoinHandle<T>,
}

impl<T: Part> Kept<T> {
    fn new(mut it: T) -> Self {
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

async fn timed<T>(what: &str, starting: impl Future<Output = Result<T>>) -> Result<T> {
    let since = Instant::now();
    let started = starting.await.with_context(|| format!("starting {what}"))?;
    say(&format!(
        "{what} is up ({:.1} s)",
        since.elapsed().as_secs_f32()
    ));
    Ok(started)
}

fn say_people(people: &[DemoPerson], file: &Path) {
    say(&format!("demo people (kept in {}):", file.display()));
    for person in people {
        let role = Role::parse(&person.role).map_or("", Role::label);
        say(&format!(
            "  {role:<17} {:<24} {}",
            person.email,
            person.password()
        ));
    }
}

fn say(text: &str) {
    println!("portal: {text}");
}
