//! Ends what a cell leaves running: its instances outlive it.

use crate::program::Process;
use rustix::process::Signal;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Ends the instances of a cell that has ended; `folder` is the cell's data.
pub fn end(folder: &Path) {
    for (path, _) in entries(&folder.join("instances")) {
        let text = std::fs::read_to_string(path.join("record.json")).unwrap_or_default();
        let record: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let pid = record["first"]["pid"]
            .as_u64()
            .and_then(|pid| u32::try_from(pid).ok());
        if let Some(process) = pid.and_then(Process::of) {
            process.signal(Signal::KILL);
        }
    }
    let runc = folder.join("runc");
    for (_, name) in entries(&runc) {
        let mut command = Command::new("runc");
        command.arg("--root").arg(&runc);
        drop(command.args(["delete", "--force"]).arg(name).output());
    }
}

/// What is in a folder: path and name; nothing if it is not there.
fn entries(folder: &Path) -> Vec<(PathBuf, OsString)> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| (entry.path(), entry.file_name()))
        .collect()
}
