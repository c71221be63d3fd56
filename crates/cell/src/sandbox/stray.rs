//! Sandboxes that run without anybody's knowing their first process: started before that was written down, of a
//! damaged record, or of none. `runc` finds its containers by name; those of `bwrap` are found by what their
//! processes show.

use crate::process::Identity;
use procfs::process::Process;
use std::path::{Component, Path};

/// Where instances see the folder that they share with the cell.
pub const RUN: &str = "/run/instance";

/// A process whose end is the end of an instance, or of the making of one.
#[derive(Debug, Clone)]
pub struct Stray {
    /// The name of the instance's folder.
    pub instance: String,
    /// The process.
    pub process: Identity,
}

/// The processes of the instances that have their folders in `instances`.
pub fn all(instances: &Path) -> Vec<Stray> {
    let all = procfs::process::all_processes().into_iter().flatten();
    let found = all.flatten().filter_map(|process| {
        let instance = instance(&process, instances)?;
        let process = Identity::of(u32::try_from(process.pid).ok()?)?;
        Some(Stray { instance, process })
    });
    found.collect()
}

/// The instance around which a process makes a sandbox, or of whose sandbox it is the first one.
fn instance(process: &Process, instances: &Path) -> Option<String> {
    let command = process.cmdline().ok()?;
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    match words[..] {
        ["bwrap", ..] => words.iter().find_map(|word| {
            let within = Path::new(word).strip_prefix(instances).ok()?;
            folder_of(within)
        }),
        ["/cell", "init", ..] => shown(process, instances),
        _ => None,
    }
}

fn shown(process: &Process, instances: &Path) -> Option<String> {
    let mut mounts = process.mountinfo().ok()?.into_iter();
    let mount = mounts.find(|mount| mount.mount_point == Path::new(RUN))?;
    // The path is that within the file system, and there also after the folder was removed.
    let root = Path::new(mount.root.trim_end_matches("//deleted"));
    let folder = root.parent()?.parent()?.strip_prefix("/").ok()?;
    if !instances.ends_with(folder) {
        return None;
    }
    folder_of(root.strip_prefix(root.parent()?.parent()?).ok()?)
}

/// `ID` of `ID/run`.
fn folder_of(path: &Path) -> Option<String> {
    let mut parts = path.components();
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Component::Normal(id)), Some(Component::Normal(run)), None) if run == "run" => {
            Some(id.to_string_lossy().into_owned())
        }
        _ => None,
    }
}
