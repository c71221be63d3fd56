//! A region as the database has it, and how it is served.

use domain::bad_row::BadRow;
use domain::regions::{Region, UncheckedRegion};
use secrecy::SecretString;
use std::path::PathBuf;

/// A region as the database has it.
#[derive(Debug, Clone)]
pub(crate) struct RegionRow {
    pub(crate) region: Result<Region, BadRow>,
    pub(crate) takes_apps: bool,
}

/// How a region is served. What is absent is the installation's default.
#[derive(Debug, Clone, Default)]
pub struct Serving {
    /// The engine: the path of its unix socket.
    pub engine: Option<String>,
    /// Address of the PostgreSQL server, for the role that may create roles and databases.
    pub postgres: Option<SecretString>,
    /// The server as runtimes reach it, where that differs: the folder of its socket, or a host name.
    pub postgres_host: Option<String>,
    /// Its port for runtimes, where that differs.
    pub postgres_port: Option<u16>,
    /// The folder of the buckets.
    pub buckets: Option<PathBuf>,
    /// The runtime entry of the engine.
    pub runtime: Option<String>,
}

/// The part of a row that says how the region is served, sealed as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct SealedServing {
    pub(crate) name: String,
    pub(crate) engine: Option<String>,
    pub(crate) postgres: Option<Vec<u8>>,
    pub(crate) postgres_host: Option<String>,
    pub(crate) postgres_port: Option<i32>,
    pub(crate) buckets: Option<String>,
    pub(crate) runtime: Option<String>,
}

/// A region to be written.
#[derive(Debug, Clone)]
pub struct NewRegion {
    /// What people see of it.
    pub region: UncheckedRegion,
    /// Whether it takes new apps.
    pub takes_apps: bool,
    /// How it is served.
    pub serving: Serving,
}

/// What the address of a region's database server is sealed for.
pub(crate) fn owner(code: &str) -> String {
    format!("region {code}")
}
