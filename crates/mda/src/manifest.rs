//! What a package says about itself, and what it was found to be.

use serde::{Deserialize, Serialize};

/// An accepted package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The app's name, when the package says it.
    pub name: Option<String>,
    /// The version of the model.
    pub version: String,
    /// The runtime it is made for, such as `9.24.2`.
    pub runtime_version: String,
    /// The Java version it is made for, when the package says it.
    pub java_version: Option<u32>,
    /// A few words about this version; may be empty.
    pub description: String,
    /// Values that are set for each environment.
    pub constants: Vec<Constant>,
    /// Names of what runs by the clock.
    pub scheduled_events: Vec<String>,
    /// Files in the package, folders not counted.
    pub files: u64,
    /// Bytes that come out of it.
    pub unpacked_bytes: u64,
    /// SHA-256 of the package, lower-case hexadecimal.
    pub sha256: String,
}

/// A value that is set for each environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constant {
    /// `Module.Name`.
    pub name: String,
    /// The type, in the package's words; may be empty.
    pub kind: String,
    /// The value it has unless set; may be empty.
    pub default_value: String,
    /// What it is for; may be empty.
    pub description: String,
}
