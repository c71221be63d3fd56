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
use domain::permissions::Role;
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
            let server = timed("PostgreSQL", Server::start(Cluster::locate(config)?)).await?;
            self.postgres = Some(Kept::new(server));
        }
        if stop.is_cancelled() {
            return Ok(());
        }
        self.cell = Some(Kept::new(
            timed("the cell that runs the apps", Cell::start(config)).await?,
        ));
        if stop.is_cancelled() {
            return Ok(());
        }
        let app = timed("the portal", serve::prepare(config, stop.clone())).await?;
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
        let cell = match self.cell {
            Some(cell) => cell.take_back().await?.stop().await,
            None => Ok(()),
        };
        let postgres = match self.postgres {
            Some(postgres) => postgres.take_back().await?.stop().await,
            None => Ok(()),
        };
        cell.and(postgres)
    }
}

/// Something whose process is started again when it ends.
trait KeepRunning: Send + 'static {
    fn keep_running(&mut self) -> impl Future<Output = Result<()>> + Send;
}

impl KeepRunning for Server {
    async fn keep_running(&mut self) -> Result<()> {
        Server::keep_running(self).await
    }
}

impl KeepRunning for Cell {
    async fn keep_running(&mut self) -> Result<()> {
        Cell::keep_running(self).await
    }
}

struct Kept<T> {
    stop: CancellationToken,
    task: JoinHandle<T>,
}

impl<T: KeepRunning> Kept<T> {
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
