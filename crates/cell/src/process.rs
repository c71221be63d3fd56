//! Processes that may not be our children: told apart for certain, watched without polling.

use procfs::Current;
use procfs::process::Process;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::time::timeout;
use uuid::Uuid;

/// The path of this very program, as it was when first asked: it stays good when the file is replaced by
/// a newer one.
pub fn own_program() -> io::Result<&'static Path> {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    if let Some(path) = PATH.get() {
        return Ok(path);
    }
    let path = std::env::current_exe()?;
    Ok(PATH.get_or_init(|| path))
}

/// One process for certain: a number that is used again later comes with another start time, or after another
/// start of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The number.
    pub pid: u32,
    /// When it started, in clock ticks since the machine started.
    pub start_time: u64,
    /// Which start of the machine that was; none where it was not written down.
    #[serde(default)]
    pub boot: Option<Uuid>,
}

impl Identity {
    /// The process that has the number now; `None` when there is none, or only what is left of one.
    pub fn of(pid: u32) -> Option<Self> {
        let (state, start_time) = stat(pid)?;
        (state != 'Z' && state != 'X').then(|| Self::new(pid, start_time))
    }

    /// The process that was given the number a moment ago; it may have ended since.
    pub fn of_started(pid: u32) -> Option<Self> {
        stat(pid).map(|(_, start_time)| Self::new(pid, start_time))
    }

    /// Whether exactly this process runs.
    pub fn runs(self) -> bool {
        Self::of(self.pid).is_some_and(|now| now.is(self))
    }

    /// For how long it has run, by a clock that nobody sets.
    pub fn age(self) -> Duration {
        let uptime = procfs::Uptime::current().map_or(Duration::ZERO, |now| now.uptime_duration());
        let ticks = procfs::ticks_per_second().max(1);
        let started = Duration::from_millis(self.start_time.saturating_mul(1_000) / ticks);
        uptime.saturating_sub(started)
    }

    /// Ends it at once, if exactly this process runs.
    pub fn kill(self) {
        match Watched::open(self) {
            Ok(Some(watched)) => watched.signal(Signal::KILL),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, pid = self.pid, "a process cannot be ended"),
        }
    }

    fn new(pid: u32, start_time: u64) -> Self {
        Self {
            pid,
            start_time,
            boot: boot(),
        }
    }

    fn is(self, other: Self) -> bool {
        let of_one_boot = match (self.boot, other.boot) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        of_one_boot && (self.pid, self.start_time) == (other.pid, other.start_time)
    }
}

/// This start of the machine.
fn boot() -> Option<Uuid> {
    static BOOT: OnceLock<Option<Uuid>> = OnceLock::new();
    *BOOT.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        text.trim().parse().ok()
    })
}

/// A hold on a running process.
#[derive(Debug)]
pub struct Watched {
    fd: AsyncFd<OwnedFd>,
}

impl Watched {
    /// Takes hold of exactly `identity`; `None` when it has ended.
    pub fn open(identity: Identity) -> io::Result<Option<Self>> {
        let Some(pid) = raw(identity.pid) else {
            return Ok(None);
        };
        let fd = match rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK) {
            Ok(fd) => fd,
            Err(rustix::io::Errno::SRCH) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // Only now can the number no longer change hands between the check and the use.
        if !identity.runs() {
            return Ok(None);
        }
        #[expect(
            deprecated,
            reason = "sound for a descriptor that is owned; the other way is unsafe"
        )]
        let fd = AsyncFd::new(fd)?;
        Ok(Some(Self { fd }))
    }

    /// Resolves when the process has ended.
    pub async fn ended(&self) {
        if let Err(error) = self.fd.readable().await {
            tracing::error!(%error, "a process cannot be watched");
        }
    }

    /// The same, for as long as `within`: a process that waits for the kernel ends whenever that lets it.
    pub async fn ended_within(&self, within: Duration) -> bool {
        timeout(within, self.ended()).await.is_ok()
    }

    /// Sends a signal; a process that has ended takes none.
    pub fn signal(&self, signal: Signal) {
        match rustix::process::pidfd_send_signal(self.fd.get_ref(), signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => tracing::warn!(%error, ?signal, "a signal could not be sent"),
        }
    }
}

/// Collects what is left of an ended process, if it is a child of ours that nobody collected yet;
/// gives the signal that ended it, if one did.
pub fn collect(identity: Identity) -> Option<i32> {
    let remains = stat(identity.pid) == Some(('Z', identity.start_time));
    let pid = raw(identity.pid).filter(|_| remains)?;
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    // Another's child is another's to collect.
    let status = rustix::process::waitid(WaitId::Pid(pid), options);
    status.ok().flatten()?.terminating_signal()
}

/// Makes this process the parent of those whose parent ends, so that it learns how they end.
pub fn adopt_orphans() {
    if let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
        tracing::warn!(%error, "how an instance ends will not always be known");
    }
}

/// The first child of a process, on this machine's numbering.
pub fn first_child(pid: u32) -> Option<u32> {
    let main_thread = entry(pid)?.task_main_thread().ok()?;
    main_thread.children().ok()?.first().copied()
}

/// What the kernel tells of a process; `None` when there is none.
pub fn entry(pid: u32) -> Option<Process> {
    Process::new(i32::try_from(pid).ok()?).ok()
}

/// State and start time.
fn stat(pid: u32) -> Option<(char, u64)> {
    let stat = entry(pid)?.stat().ok()?;
    Some((stat.state, stat.starttime))
}

fn raw(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

#[cfg(test)]
mod tests {
    use super::{Identity, Watched, collect};
    use rustix::process::Signal;
    use std::process::{Command, Stdio};
    use std::time::Duration;
    use uuid::Uuid;

    #[test]
    fn another_start_time_is_another_process() {
        let own = Identity::of(std::process::id()).expect("this process runs");
        assert!(own.runs());
        let other = Identity {
            start_time: own.start_time + 1,
            ..own
        };
        assert!(!other.runs());
    }

    #[test]
    fn the_same_number_after_another_start_of_the_machine_is_another_process() {
        let own = Identity::of(std::process::id()).expect("this process runs");
        let before = Identity {
            boot: Some(Uuid::nil()),
            ..own
        };
        assert!(!before.runs());
        // What a cell wrote down that did not know of it is told apart as it was then.
        let text = format!(r#"{{"pid":{},"start_time":{}}}"#, own.pid, own.start_time);
        let older: Identity = serde_json::from_str(&text).expect("read");
        assert!(older.boot.is_none() && older.runs());
    }

    #[test]
    fn an_age_is_that_of_the_process() {
        let own = Identity::of(std::process::id()).expect("this process runs");
        let first = Identity::of(1).expect("the first process runs");
        assert!(own.age() <= first.age());
        assert!(own.age() < Duration::from_hours(1), "{:?}", own.age());
    }

    #[tokio::test]
    #[expect(clippy::zombie_processes, reason = "it is collected by its number")]
    async fn an_end_is_seen_and_collected() {
        let child = Command::new("sleep")
            .arg("60")
            .stdin(Stdio::null())
            .spawn()
            .expect("sleep starts");
        let identity = Identity::of(child.id()).expect("it runs");
        let watched = Watched::open(identity).expect("held").expect("runs");
        watched.signal(Signal::KILL);
        watched.ended().await;
        assert_eq!(collect(identity), Some(9));
        assert!(Watched::open(identity).expect("asked").is_none());
    }
}
