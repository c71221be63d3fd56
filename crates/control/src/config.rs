//! What the control plane must be told: addresses, places and limits.

use crate::model::regions::Serving;
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
    /// The domain under which apps have their host names.
    pub apps_domain: String,
    /// The port of the ingress, as browsers see it.
    pub apps_port: u16,
    /// What a package may be.
    pub limits: Limits,
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
