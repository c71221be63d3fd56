//! Everything this process knows while it runs.

use crate::configuration::Configuration;
use crate::journal::Journal;
use crate::package::Package;
use crate::settings::{Address, Settings};
use crate::statistics::Statistics;
use anyhow::Context;
use m2ee::calls::RuntimeStatus;
use secrecy::SecretString;
use serde_json::{Map, Value};
use sqlx::PgPool;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Everything this process knows while it runs.
pub struct Runtime {
    /// What it was started with.
    pub settings: Settings,
    /// What it serves.
    pub package: Package,
    /// Where it writes events.
    pub journal: Journal,
    /// What it counts.
    pub statistics: Statistics,
    /// Set when it is to end.
    pub ending: CancellationToken,
    /// Held while a start or a change of the database goes on.
    pub changing: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// What the admin protocol changes.
pub struct State {
    /// Where the app is in its life.
    pub status: RuntimeStatus,
    /// Where the app will listen.
    pub address: Option<Address>,
    /// The configuration, once given.
    pub configuration: Option<Arc<Configuration>>,
    /// The database, once the configuration says where.
    pub pool: Option<PgPool>,
    /// The debugger's password, while it is enabled.
    pub debugger_password: Option<SecretString>,
    /// Names of the receivers of log messages.
    pub log_subscribers: BTreeSet<String>,
    /// The app's own server.
    pub server: Option<JoinHandle<()>>,
}

impl Runtime {
    /// A runtime that is made, not started.
    pub fn new(settings: Settings, package: Package) -> anyhow::Result<Self> {
        std::fs::create_dir_all(settings.app_base.join("data/files"))
            .context("making the folder data/files")?;
        let state = State {
            status: RuntimeStatus::Created,
            address: settings.runtime_address(),
            configuration: None,
            pool: None,
            debugger_password: None,
            log_subscribers: BTreeSet::new(),
            server: None,
        };
        Ok(Self {
            settings,
            package,
            journal: Journal::new(),
            statistics: Statistics::default(),
            ending: CancellationToken::new(),
            changing: tokio::sync::Mutex::new(()),
            state: Mutex::new(state),
        })
    }

    /// Reads or changes the state; must not take long.
    pub fn with_state<T>(&self, use_it: impl FnOnce(&mut State) -> T) -> T {
        use_it(&mut self.state.lock().expect("no user of the state panics"))
    }

    /// Where the app is in its life.
    pub fn status(&self) -> RuntimeStatus {
        self.with_state(|state| state.status)
    }

    /// The database, once the configuration says where.
    pub fn pool(&self) -> Option<PgPool> {
        self.with_state(|state| state.pool.clone())
    }

    /// Takes a configuration.
    pub fn configure(&self, settings: &Map<String, Value>) -> Result<(), String> {
        let configuration = Configuration::read(settings).map_err(|error| error.to_string())?;
        let pool = crate::database::pool(&configuration);
        self.with_state(|state| {
            state.configuration = Some(Arc::new(configuration));
            state.pool = pool;
        });
        Ok(())
    }

    /// Finishes the requests that have begun, and takes no more.
    pub async fn drain(&self) {
        self.ending.cancel();
        let server = self.with_state(|state| {
            state.status = RuntimeStatus::Stopping;
            state.server.take()
        });
        if let Some(server) = server
            && server.await.is_err()
        {
            self.journal
                .error("WebServer", "the app's server broke off");
        }
        if let Some(pool) = self.pool() {
            pool.close().await;
        }
        self.with_state(|state| state.status = RuntimeStatus::Stopped);
    }
}
