//! The largest file that the processes of an instance may write.
//!
//! The kernel refuses what would make a file larger, whoever asks, and deleting goes on: with 0 an app can
//! make room, but can grow no further. Root that may do everything sets a limit that nobody can raise again.
//! Where root may not, as in some containers, the user of the processes itself lowers what they go by; a program
//! that raises it again is found out by its growth, and ended.

use crate::process::{self, Identity};
use clap::Args;
use procfs::process::Process;
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

/// What no file of an app needs to exceed, bytes.
pub const LARGEST: u64 = 64 << 30;

/// What the first process may write all the same, bytes: its log, and how the others ended.
const LARGEST_OF_FIRST: u64 = 64 << 20;

/// Rounds until every process that was being made meanwhile has been seen.
const ROUNDS: usize = 20;

/// Limits every process of the sandbox whose first process is `first` to files of so many bytes; they belong to
/// `owner`, or to this program's own user. The first process goes on writing what the engine reads.
pub fn set(first: Identity, owner: Option<u32>, bytes: u64) -> io::Result<()> {
    // Its number may have been another's when it was read.
    let read = first.runs().then(|| process::entry(first.pid)).flatten();
    let within = read.and_then(|it| namespace(&it));
    let Some(within) = within.filter(|_| first.runs()) else {
        return Ok(());
    };
    if process::entry(std::process::id()).and_then(|it| namespace(&it)) == Some(within) {
        return Err(io::Error::other(
            "its first process is in no process namespace of its own",
        ));
    }
    let mut known = BTreeSet::new();
    for _ in 0..ROUNDS {
        let all = family(first.pid).into_iter();
        // A child has its parent's limit: one that is new in a later round was made before its parent had it.
        let new: Vec<u32> = all.filter(|pid| known.insert(*pid)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let (first, others): (Vec<_>, Vec<_>) = new.into_iter().partition(|it| *it == first.pid);
        limit(&first, within, owner, bytes.max(LARGEST_OF_FIRST))?;
        limit(&others, within, owner, bytes)?;
    }
    Err(io::Error::other(
        "processes are made faster than they are limited",
    ))
}

fn limit(pids: &[u32], within: u64, owner: Option<u32>, bytes: u64) -> io::Result<()> {
    for pid in pids {
        // Its number may be another's by now.
        if process::entry(*pid).and_then(|it| namespace(&it)) != Some(within) {
            continue;
        }
        let both = Rlimit {
            current: Some(bytes),
            maximum: Some(bytes),
        };
        let limited = if owner.is_some() {
            by_pid(*pid, both)
        } else {
            // The same user could never raise it again.
            Err(Errno::PERM)
        };
        match limited {
            Ok(()) => {}
            Err(Errno::PERM) => return as_owner(pids, owner, bytes),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn by_pid(pid: u32, limit: Rlimit) -> Result<(), Errno> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    match prlimit(Some(pid.ok_or(Errno::SRCH)?), Resource::Fsize, limit) {
        Ok(_) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(error),
    }
}

/// By this program as that user: the kernel lets it limit no other's processes.
fn as_owner(pids: &[u32], owner: Option<u32>, bytes: u64) -> io::Result<()> {
    // Not by its path, which may lead through folders that are closed to that user.
    let mut command = Command::new("/proc/self/exe");
    command.args(["limit-files", "--bytes", &bytes.to_string()]);
    command.args(pids.iter().map(u32::to_string));
    command
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(owner) = owner {
        command.uid(owner).gid(owner);
    }
    if command.status()?.success() {
        return Ok(());
    }
    Err(io::ErrorKind::PermissionDenied.into())
}

/// What this program is told when it limits processes of its own user.
#[derive(Debug, Args)]
pub struct LimitFiles {
    /// The largest file.
    #[arg(long)]
    bytes: u64,
    /// The processes.
    pids: Vec<u32>,
}

impl LimitFiles {
    /// Limits them, as far as they are there still.
    pub fn run(&self) -> ExitCode {
        let limit = Rlimit {
            current: Some(self.bytes),
            maximum: None,
        };
        let set = |pid: &u32| by_pid(*pid, limit).is_ok();
        if self.pids.iter().filter(|pid| !set(pid)).count() == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// A process and all that descend from it.
pub fn family(first: u32) -> Vec<u32> {
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

#[cfg(test)]
mod tests {
    use super::set;
    use crate::process::Identity;
    use rustix::process::{Resource, getrlimit};

    #[test]
    fn neither_this_program_s_own_processes_nor_another_s_number_are_limited() {
        let before = getrlimit(Resource::Fsize);
        let own = Identity::of(std::process::id()).expect("runs");
        set(own, None, 1 << 40).expect_err("no namespace of its own");
        let other = Identity {
            start_time: own.start_time + 1,
            ..own
        };
        set(other, None, 1 << 40).expect("is gone");
        assert_eq!(getrlimit(Resource::Fsize), before);
    }
}
