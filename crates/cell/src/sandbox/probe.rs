//! The smallest thing that shows that a sandbox works: this program, asked for its version.

use crate::process;
use crate::sandbox::spec::{Limits, Mount, SandboxSpec};
use std::path::Path;

/// What a sandbox that is tried out is to hold.
pub fn spec(folder: &Path) -> anyhow::Result<SandboxSpec> {
    Ok(SandboxSpec {
        name: format!("probe-{}", uuid::Uuid::new_v4()),
        folder: folder.to_owned(),
        uid: 65_534,
        command: ["/cell", "--version"].map(str::to_owned).to_vec(),
        environment: Vec::new(),
        mounts: vec![Mount::read(process::own_program()?, "/cell")],
        scratch: vec![("/tmp".to_owned(), 1 << 20)],
        limits: Limits {
            memory_bytes: 64 << 20,
            cpu_milli: 1_000,
            pids: 16,
        },
    })
}
