//! Programs that a test starts: each is ended with the test, whatever becomes of it.

use crate::wait::until;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

const ENDS_WITHIN: Duration = Duration::from_mins(1);

/// A running program, killed when dropped.
pub struct Program {
    name: &'static str,
    child: Child,
    log: PathBuf,
    interrupted_on_drop: bool,
}

impl Program {
    /// Starts it; what it writes goes to the end of the file `log`.
    pub fn start(name: &'static str, mut command: Command, log: PathBuf) -> Self {
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("a log");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self {
            name,
            child,
            log,
            interrupted_on_drop: false,
        }
    }

    /// The same; it is asked to end first when it is dropped, since it looks after programs of its own.
    pub fn interrupted_on_drop(mut self) -> Self {
        self.interrupted_on_drop = true;
        self
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is there");
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        let status = self.child.wait().expect("collected");
        assert_eq!(
            status.signal(),
            Some(Signal::KILL.as_raw()),
            "{}",
            self.told()
        );
    }

    /// Waits until it has ended; the signal that ended it.
    pub async fn ended(mut self) -> Option<i32> {
        let status = until(format!("the end of {}", self.name), async || {
            self.child.try_wait().expect("asked")
        });
        status.await.signal()
    }

    /// Fails when it has ended.
    pub fn check(&mut self) {
        let ended = self.child.try_wait().expect("asked");
        assert!(
            ended.is_none(),
            "{} has ended: {ended:?}\n{}",
            self.name,
            self.told()
        );
    }

    /// What it has written.
    pub fn told(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.interrupted_on_drop {
            let _ = kill_process(Pid::from_child(&self.child), Signal::INT);
            let patience = Instant::now() + ENDS_WITHIN;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("--- {}:\n{}", self.name, self.told());
        }
    }
}

/// A process that somebody else started: its id, and when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    began: u64,
}

impl Process {
    /// The process of this id, if it runs.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        if matches!(fields.next()?, "Z" | "X") {
            return None;
        }
        Some(Self {
            pid,
            began: fields.nth(18)?.parse().ok()?,
        })
    }

    /// Sends it a signal.
    pub fn signal(self, signal: Signal) {
        let pid = i32::try_from(self.pid)
            .ok()
            .and_then(Pid::from_raw)
            .expect("a pid");
        kill_process(pid, signal).expect("it is there");
    }
}

/// A program that is built beside the portal.
pub fn beside_the_portal(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_portal")).with_file_name(name);
    assert!(
        path.is_file(),
        "{} is missing; build it with cargo build -p cell -p sample-runtime",
        path.display()
    );
    path
}

/// A port that nobody listens on, below those that the system gives away by itself.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 1_000).expect("small") * 10;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
