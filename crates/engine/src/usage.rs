//! What environments take of an engine's machine, and what is left of it.

use domain::ids::EnvironmentId;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What is left of an engine's machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Memory that instances may be promised, MiB.
    pub memory_mib: u64,
    /// Of it what is not promised yet, MiB.
    pub memory_free_mib: u64,
    /// Size of the disk, bytes.
    pub disk_bytes: u64,
    /// What may be written to it before its reserve is touched, bytes; 0 once it is.
    pub disk_free_bytes: u64,
}

/// What every environment takes of the disk, and the room that is left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The room; none of an engine that does not count.
    pub room: Option<Room>,
    /// By environment.
    pub environments: Vec<DiskUse>,
}

/// What one environment takes of the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskUse {
    /// The environment.
    pub id: EnvironmentId,
    /// The files of its bucket, by the blocks that they take, bytes.
    pub files_bytes: u64,
    /// How many they are, folders among them.
    pub files: u64,
    /// What its instances wrote beside them, logs among it, bytes.
    pub run_bytes: u64,
    /// Whether its files may grow no further.
    pub held: bool,
    /// When the measuring ended.
    #[serde(with = "time::serde::rfc3339")]
    pub measured_at: OffsetDateTime,
}
