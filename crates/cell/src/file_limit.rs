//! The largest file that the processes of an instance may write.
//!
//! The kernel refuses what would make a file larger, whoever asks, and deleting goes on: with 0 an app can
//! make room, but can grow no further. A process may not raise the limit again, nor may its children.

use crate::process::{self, Identity};
use procfs::process::Process;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::collections::BTreeSet;

/// What no file of an app needs to exceed, bytes.
pub const LARGEST: u64 = 64 << 30;

/// Rounds until every process that was being made meanwhile has been seen.
const ROUNDS: usize = 20;

/// Limits every process of the sandbox whose first process is `first` to files of so many bytes.
pub fn set(first: Identity, bytes: u64) {
    let Some(within) = process::entry(first.pid).and_then(|it| namespace(&it)) else {
        return;
    };
    let mut known = BTreeSet::new();
    for _ in 0..ROUNDS {
        let all = family(first.pid);
        let new: Vec<u32> = all.into_iter().filter(|pid| known.insert(*pid)).collect();
        // A child has its parent's limit: who is new in a later round was made before its parent had it.
        if new.is_empty() {
            return;
        }
        for pid in new {
            limit(pid, within, bytes);
        }
    }
    tracing::warn!(pid = first.pid, "processes are made faster than they are limited");
}

/// Limits a process if it still is one of the sandbox: its number may be another's by now.
fn limit(pid: u32, within: u64, bytes: u64) {
    let is_within = || process::entry(pid).and_then(|it| namespace(&it)) == Some(within);
    let Some(raw) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return;
    };
    if !is_within() {
        return;
    }
    let maximum = if rustix::process::geteuid().is_root() {
        bytes
    } else {
        // Who is not root cannot raise it again either.
        LARGEST
    };
    let limit = Rlimit {
        current: Some(bytes),
        maximum: Some(maximum),
    };
    match prlimit(Some(raw), Resource::Fsize, limit) {
        Ok(_) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => tracing::warn!(pid, %error, "the files of a process cannot be limited"),
    }
}

/// A process and all that descend from it.
fn family(first: u32) -> Vec<u32> {
    let (mut found, mut next) = (vec![first], 0);
    while let Some(pid) = found.get(next).copied() {
        next += 1;
        let tasks = process::entry(pid).and_then(|it| it.tasks().ok());
        for task in tasks.into_iter().flatten().flatten() {
            found.extend(task.children().unwrap_or_default());
        }
    }
    found
}

fn namespace(process: &Process) -> Option<u64> {
    let all = process.namespaces().ok()?.0;
    all.into_iter()
        .find(|(name, _)| name == "pid")
        .map(|(_, it)| it.identifier)
}
