//! What an environment takes of disks, and what is left of its region's machine.

use domain::disk::Level;
use serde::{Deserialize, Serialize};

/// What an environment takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The files of its bucket.
    pub files: Option<Taken>,
    /// How many files those are.
    pub file_count: u64,
    /// What its instances wrote beside them: logs and temporary files.
    pub run: Option<u64>,
    /// Its database.
    pub database: Option<Taken>,
    /// Why it may grow no further, and what to do, as a person reads it.
    pub held: Option<String>,
}

/// So much of what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub bytes: u64,
    /// What the plan allows; none of a plan that cannot be used.
    pub allowed: Option<u64>,
    pub level: Level,
    pub measured_at: i64,
}

/// What is left of the machine that runs a region's apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    pub memory_mib: u64,
    pub memory_free_mib: u64,
    pub disk: u64,
    /// Besides what is kept for the platform.
    pub disk_free: u64,
}
