//! What a sandbox is asked to hold.

use std::path::PathBuf;

/// Everything a sandbox needs to know of one instance.
pub struct SandboxSpec {
    /// The name of the container; unique on this machine.
    pub name: String,
    /// A folder that is this instance's and not visible to it.
    pub folder: PathBuf,
    /// The user id it runs as.
    pub uid: u32,
    /// The program and its arguments, by the sandbox's own paths.
    pub command: Vec<String>,
    /// Its environment; may hold secrets.
    pub environment: Vec<(String, String)>,
    /// What it sees of this machine, besides the system's programs and libraries.
    pub mounts: Vec<Mount>,
    /// Folders in memory: path and size in bytes.
    pub scratch: Vec<(String, u64)>,
    /// Limits on what it uses.
    pub limits: Limits,
}

/// A file or folder of this machine that an instance sees.
pub struct Mount {
    /// Here.
    pub source: PathBuf,
    /// There.
    pub target: String,
    /// Whether it may be changed from there.
    pub writable: bool,
}

impl Mount {
    /// To read only.
    pub fn read(source: impl Into<PathBuf>, target: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            target: target.into(),
            writable: false,
        }
    }

    /// To read and write.
    pub fn write(source: impl Into<PathBuf>, target: impl Into<String>) -> Self {
        Self {
            writable: true,
            ..Self::read(source, target)
        }
    }
}

/// Limits on what an instance uses.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// Processor, thousandths of a core.
    pub cpu_milli: u32,
    /// Processes and threads.
    pub pids: u32,
}
