//! What an engine is asked to run.

use crate::refs::{BucketRef, DatabaseRef, PackageRef};
use domain::ids::EnvironmentId;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The largest wanted state that is handed over, bytes of JSON: constants and settings are most of it.
pub const LARGEST_WORKLOAD: usize = 4 << 20;

/// The wanted state of one environment. Everything an engine needs, nothing of the portal's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Workload {
    /// The environment.
    pub id: EnvironmentId,
    /// Grows with each change of the wanted state.
    pub revision: i64,
    /// The names people know it by, for error pages and logs: `Shop / Test`.
    pub title: String,
    /// Host names that lead to it, lower case, without port.
    pub hosts: Vec<String>,
    /// Instances that should serve; 0 when stopped.
    pub instances: u16,
    /// What each instance is; absent when nothing is deployed. A change replaces the
    /// instances one after another; anything outside it changes without a restart.
    pub template: Option<Template>,
    /// The instance index that the debugger's path leads to.
    pub debugger_instance: u16,
    /// How long an instance may finish its requests before it is ended, seconds.
    pub drain_seconds: u32,
    /// What the files of the bucket may come to, bytes; none when nobody has said.
    #[serde(default)]
    pub files_bytes: Option<u64>,
}

/// What one instance is made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Template {
    /// The package.
    pub package: PackageRef,
    /// Name of the runtime entry in the engine's configuration: `sample` or `mendix`.
    pub runtime: String,
    /// Memory limit, MiB.
    pub memory_mib: u32,
    /// Processor limit, thousandths of a core.
    pub cpu_milli: u32,
    /// Limit of processes and threads.
    pub pids: u32,
    /// The database of the environment.
    pub database: DatabaseRef,
    /// The environment's bucket.
    pub bucket: BucketRef,
    /// `DTAPMode`: `P`, `A`, `T` or `D`.
    pub dtap_mode: String,
    /// The address people use.
    pub root_url: String,
    /// Constants: `Module.Name` to value.
    pub constants: BTreeMap<String, String>,
    /// Further runtime settings, by the runtime's own names.
    pub settings: BTreeMap<String, String>,
    /// The debugger's password, set at each start.
    #[serde(serialize_with = "crate::secret::expose")]
    pub debugger_password: SecretString,
    /// The password of the runtime's administrator account, set at each start.
    #[serde(serialize_with = "crate::secret::expose")]
    pub admin_password: SecretString,
    /// Grows when a restart is asked for; has no other meaning.
    pub restarts: i64,
}
