//! What the control plane must be told: addresses, places and limits.

use domain::regions::RegionCode;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Settings of the control plane.
#[derive(Debug, Clone)]
pub struct Config {
    /// The portal's own address, without a slash at the end.
    pub portal_url: String,
    /// The domain under which apps have their host names.
    pub apps_domain: String,
    /// The port of the ingress, as browsers see it.
    pub apps_port: u16,
    /// What a package may be.
    pub limits: Limits,
    /// Where each region's databases and buckets are. A region that is not here cannot be chosen.
    pub regions: BTreeMap<RegionCode, RegionServer>,
}

impl Config {
    /// The host name of a label: `shop-test.apps.localhost`.
    pub fn host(&self, label: &str) -> String {
        format!("{label}.{}", self.apps_domain)
    }

    /// The address of a label: `http://shop-test.apps.localhost:8080`.
    pub fn app_url(&self, label: &str) -> String {
        format!("http://{}:{}", self.host(label), self.apps_port)
    }
}

/// Limits of packages that an admin sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file, bytes.
    pub package_bytes: u64,
    /// Size unpacked, bytes.
    pub package_unpacked_bytes: u64,
    /// Number of files in it.
    pub package_files: u64,
}

impl Default for Limits {
    /// 16 GiB, 32 GiB unpacked, a million files: above the 4 GB and 64,000 files of Mendix Cloud.
    fn default() -> Self {
        Self {
            package_bytes: 16 << 30,
            package_unpacked_bytes: 32 << 30,
            package_files: 1_000_000,
        }
    }
}

/// Where a region's environments have their data.
#[derive(Debug, Clone)]
pub struct RegionServer {
    /// Address of the PostgreSQL server for the role that may create roles and databases.
    pub postgres_admin_url: SecretString,
    /// The server as runtimes reach it: the folder of its unix socket, or a host name.
    pub postgres_host: String,
    /// Its port; part of the socket's file name too.
    pub postgres_port: u16,
    /// The folder of the buckets.
    pub buckets_dir: PathBuf,
    /// The runtime entry of the engine that serves the region.
    pub runtime: String,
}
