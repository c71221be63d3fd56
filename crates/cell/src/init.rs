//! The first process in a sandbox: starts the runtime, keeps its log, tells how it ended.
//!
//! It passes on SIGTERM and SIGINT, collects processes that lost their parent, and joins unix
//! sockets with TCP ports for runtimes that know only those.

pub mod bridge;
mod log;

use crate::oom_score;
use anyhow::Context;
use log::Log;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use serde::{Deserialize, Serialize};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::signal::unix::{SignalKind, signal};

/// How long what the runtime left behind may go on writing to the log.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What the first process is told.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// The folder that is shared with the cell.
    #[arg(long)]
    run: PathBuf,
    /// A unix socket to make, and the local TCP port it leads to: `PATH=PORT`.
    #[arg(long)]
    inward: Vec<bridge::Inward>,
    /// A local TCP port to open, and the unix socket it leads to: `PORT=PATH`.
    #[arg(long)]
    outward: Vec<bridge::Outward>,
    /// The runtime and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// How a runtime ended, as the first process saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// By itself, with a code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

/// Runs until the runtime has ended.
pub fn run(init: &Init) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let exit = runtime.block_on(watch_over(init))?;
    let code = match exit {
        Exit::Code(code) => code,
        Exit::Signal(signal) => 128 + signal,
    };
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)))
}

async fn watch_over(init: &Init) -> anyhow::Result<Exit> {
    let mut children = signal(SignalKind::child())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    for inward in &init.inward {
        tokio::spawn(inward.listen()?.serve());
    }
    for outward in &init.outward {
        tokio::spawn(outward.listen().await?.serve());
    }

    // Also where the sandbox itself cannot say so. Everything that is started from here inherits it.
    oom_score::set(oom_score::INSTANCE);
    let (program, arguments) = init.command.split_first().context("no program is named")?;
    // Before the runtime, which may do with the folder what it likes.
    let log = Log::open(&init.run)?;
    let (reader, writer) = std::io::pipe()?;
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .spawn()
        .with_context(|| format!("the runtime {program} cannot be started"))?;
    let pid = Pid::from_raw(i32::try_from(child.id())?).context("a process has a number")?;

    let pipe = Receiver::from_owned_fd(reader.into())?;
    let log = tokio::spawn(keep_log(pipe, log));
    let exit = loop {
        tokio::select! {
            _ = children.recv() => if let Some(exit) = collect(pid) { break exit },
            _ = terminate.recv() => pass_on(pid, Signal::TERM),
            _ = interrupt.recv() => pass_on(pid, Signal::INT),
        }
    };
    drop(tokio::time::timeout(LAST_WORDS, log).await);
    std::fs::write(init.run.join("exit.json"), serde_json::to_vec(&exit)?)?;
    Ok(exit)
}

async fn keep_log(mut pipe: Receiver, mut log: Log) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read) = pipe.read(&mut buffer).await {
        if read == 0 {
            break;
        }
        log.write(&buffer[..read]);
    }
}

/// Collects every child that has ended; gives the end of the runtime.
fn collect(runtime: Pid) -> Option<Exit> {
    let mut exit = None;
    while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
        if pid == runtime {
            exit = ended(status);
        }
    }
    exit
}

fn ended(status: WaitStatus) -> Option<Exit> {
    let signal = status.terminating_signal().map(Exit::Signal);
    signal.or_else(|| status.exit_status().map(Exit::Code))
}

fn pass_on(runtime: Pid, signal: Signal) {
    if let Err(error) = rustix::process::kill_process(runtime, signal) {
        tracing::warn!(%error, "a signal could not be passed on");
    }
}
