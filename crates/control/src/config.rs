//! What the control plane must be told: addresses, places and limits.

use crate::model::regions::Serving;
use domain::apps_address::AppsAddress;
use domain::quotas::Amounts;
use domain::regions::RegionCode;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Settings of the control plane.
#[derive(Debug, Clone)]
pub struct Config {
    /// The portal's own address, without a slash at the end.
    pub portal_url: String,
    /// Where apps are found in browsers.
    pub apps: AppsAddress,
    /// What a package may be, and how many connections there are.
    pub limits: Limits,
    /// How long what has ended is kept.
    pub retention: Retention,
    /// What a company may use, where nothing is said of it.
    pub quotas: Amounts,
    /// What serves a region, where neither the settings nor its row say anything else.
    pub region_defaults: RegionDefaults,
    /// What the settings say of regions; it comes before what their rows say.
    pub regions: BTreeMap<RegionCode, Serving>,
}

impl Config {
    /// The host name of a label: `shop-test.apps.localhost`.
    pub fn host(&self, label: &str) -> String {
        self.apps.host(label)
    }

    /// The address of a label: `http://shop-test.apps.localhost:8080`.
    pub fn app_url(&self, label: &str) -> String {
        self.apps.url(label)
    }
}

/// Limits that an admin sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file, bytes.
    pub package_bytes: u64,
    /// Size unpacked, bytes.
    pub package_unpacked_bytes: u64,
    /// Number of files in it.
    pub package_files: u64,
    /// Connections that the environments on one database server get together; what the server has, less those
    /// that are kept, when nothing is said.
    pub database_connections: Option<u32>,
}

impl Default for Limits {
    /// 16 GiB, 32 GiB unpacked, a million files: above the 4 GB and 64,000 files of Mendix Cloud.
    fn default() -> Self {
        Self {
            package_bytes: 16 << 30,
            package_unpacked_bytes: 32 << 30,
            package_files: 1_000_000,
            database_connections: None,
        }
    }
}

/// How long what has ended is kept, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Operations with their logs, after their end.
    pub operations_days: u32,
    /// Deployments, after their start.
    pub deployments_days: u32,
    /// What happened to instances.
    pub events_days: u32,
}

impl Default for Retention {
    /// A year of what people did, a quarter of what machines did.
    fn default() -> Self {
        Self {
            operations_days: 365,
            deployments_days: 365,
            events_days: 90,
        }
    }
}

/// What serves a region that nothing else is said of.
#[derive(Debug, Clone)]
pub struct RegionDefaults {
    /// Address of the PostgreSQL server for the role that may create roles and databases.
    pub postgres: SecretString,
    /// The folder with a folder for each region, and the buckets in that.
    pub folder: PathBuf,
    /// The runtime entry of the engine.
    pub runtime: String,
}
