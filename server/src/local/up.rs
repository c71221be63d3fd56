//! `portal up`: everything on this machine with one command, and nothing left of it after Ctrl-C.
//!
//! Started in order: the databases, the cell, the portal; ended the other way round. What an earlier start
//! has left running after being killed is taken over.

use super::cell::Cell;
use super::demo_people::{self, Demo};
use super::log_size::Logs;
use super::part::{Kept, end, say, start, timed};
use super::postgres::cluster::{Cluster, Purpose};
use super::postgres::server::Server;
use super::postgres::{portal_database, single_cluster};
use crate::config::Config;
use crate::{private_file, serve};
use anyhow::{Context, Result, bail};
use domain::roles::Role;
use std::fs::{File, TryLockError};
use std::path::Path;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

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

/// What has been started so far.
#[derive(Default)]
struct Parts {
    apps_database: Option<Kept<Server>>,
    portal_database: Option<Kept<Server>>,
    cell: Option<Kept<Cell>>,
    logs: Option<Kept<Logs>>,
}

impl Parts {
    async fn run(&mut self, config: &Config, stop: &CancellationToken) -> Result<()> {
        let listener = serve::bind(config).await?;
        let logs = config.data.join("log");
        private_file::create_dir(&logs)?;
        self.logs = Some(Kept::new(Logs::new(logs)));
        if config.database_url.is_none() {
            self.start_databases(config, stop).await?;
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
            say_people(demo_people::ensure(&app.control, &file).await?, &file);
        }
        say(&format!(
            "ready: {}   (apps: {}; Ctrl-C ends everything)",
            config.portal_url,
            config.apps.url("NAME")
        ));
        serve::run(config, app, listener).await
    }

    async fn start_databases(&mut self, config: &Config, stop: &CancellationToken) -> Result<()> {
        single_cluster::become_the_apps(config, &config.fault).await?;
        let apps = Cluster::locate(config, Purpose::Apps)?;
        let server = Server::new(apps.clone()).await?;
        self.apps_database = start("PostgreSQL for the apps", server, stop).await?;
        if stop.is_cancelled() {
            return Ok(());
        }
        let portal = Cluster::locate(config, Purpose::Portal)?;
        let server = Server::new(portal.clone()).await?;
        self.portal_database = start("PostgreSQL for the portal", server, stop).await?;
        tokio::select! {
            made = portal_database::ensure(&apps, &portal, &config.fault) => made,
            () = stop.cancelled() => Ok(()),
        }
    }

    async fn stop(self) -> Result<()> {
        let cell = end(self.cell).await;
        let portal = end(self.portal_database).await;
        let apps = end(self.apps_database).await;
        let logs = end(self.logs).await;
        cell.and(portal).and(apps).and(logs)
    }
}

fn say_people(demo: Demo, file: &Path) {
    let file = file.display();
    let people = match demo {
        Demo::Made(people) => people,
        Demo::Kept => return say(&format!("demo people: {file} says how they sign in")),
        Demo::None { of_before: true } => {
            return say(&format!(
                "the demo people of before the portal had a public address are still there: put them out with `portal people deactivate EMAIL` for each in {file}, then remove that file"
            ));
        }
        Demo::None { of_before: false } => return,
    };
    say(&format!("demo people, said this once (kept in {file}):"));
    for person in people {
        let role = Role::parse(&person.role).map_or("", Role::label);
        say(&format!(
            "  {role:<17} {:<24} {}",
            person.email,
            person.password()
        ));
    }
}
