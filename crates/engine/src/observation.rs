//! What an engine sees.

use crate::usage::Room;
use domain::ids::{EnvironmentId, InstanceId};
use domain::states::InstanceState;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What an engine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Version of the engine.
    pub version: String,
    /// The version of the interface that it speaks ([`crate::API_VERSION`]); 0 of before there was one.
    #[serde(default)]
    pub api_version: u32,
    /// The sandbox in use: `runc` or `bubblewrap`.
    pub sandbox: String,
    /// What the sandbox does not enforce on this machine; empty when it enforces everything.
    #[serde(alias = "caveats")]
    pub unenforced: Vec<String>,
    /// What an operator should look at, each with what to do; empty when all is well.
    #[serde(default)]
    pub problems: Vec<String>,
    /// The ingress's address, `host:port`.
    pub ingress: String,
    /// Zone labels that instances are spread over.
    pub zones: Vec<String>,
    /// Names of the runtimes that can be asked for.
    pub runtimes: Vec<String>,
    /// The room for instances and files; none of an engine that does not count.
    #[serde(default)]
    pub room: Option<Room>,
}

/// The actual state of one workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The environment.
    pub id: EnvironmentId,
    /// The revision of the wanted state that the engine works towards; below 0 when the engine cannot read what
    /// was wanted and waits to be told again.
    pub revision: i64,
    /// Instances, by index, then age.
    pub instances: Vec<Instance>,
    /// How far the wanted template is reached.
    pub rollout: Rollout,
    /// When this was observed.
    #[serde(with = "time::serde::rfc3339")]
    pub observed_at: OffsetDateTime,
}

/// Progress of a change of the template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Rollout {
    /// Every instance is of the wanted template and count.
    #[serde(alias = "settled")]
    Converged,
    /// Instances are being started, replaced or ended.
    Rolling {
        /// Ready instances of the wanted template.
        done: u16,
        /// Instances wanted.
        total: u16,
        /// What is being done, as a person reads it.
        doing: String,
    },
    /// An instance of the wanted template could not be started; older ones keep serving.
    Failed {
        /// The failing check or step, as a person reads it.
        reason: String,
        /// The last log lines of that instance.
        log: Vec<String>,
    },
}

/// One instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Its id; a replacement has another.
    pub id: InstanceId,
    /// Its index: 0 is the leader.
    pub index: u16,
    /// Its zone.
    pub zone: String,
    /// Its state.
    pub state: InstanceState,
    /// The step of the start sequence or the failing check, as a person reads it; may be empty.
    pub detail: String,
    /// Whether it is of the wanted template.
    pub current: bool,
    /// The package it runs: `Shop 2.4.1`.
    pub package: String,
    /// The process, as the machine sees it.
    pub pid: Option<u32>,
    /// Since when it is in this state.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// Memory in use, bytes.
    pub memory_bytes: Option<u64>,
    /// Memory limit, bytes.
    pub memory_limit_bytes: u64,
    /// Processor use since the last reading, thousandths of a core.
    pub cpu_milli: Option<u32>,
    /// Crashes of this index for as long as it is wanted.
    pub restarts: u32,
    /// The last crash of this index.
    pub last_crash: Option<Crash>,
    /// What its debugger said when it was asked last; none while it did not say.
    #[serde(default)]
    pub debugger: Option<DebuggerStatus>,
}

/// State of an instance's debugger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebuggerStatus {
    /// Whether a debugger may connect.
    pub enabled: bool,
    /// Whether one is connected.
    pub client_connected: bool,
    /// Microflows that stand at a breakpoint.
    pub paused_microflows: u32,
    /// When it said so.
    #[serde(with = "time::serde::rfc3339")]
    pub asked_at: OffsetDateTime,
}

/// An unexpected end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crash {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Why, as a person reads it: `killed by signal 9`, `out of memory`, `did not answer for 6 s`.
    pub reason: String,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Grows with each event of this engine, over restarts too.
    pub sequence: u64,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Of which environment.
    pub workload: EnvironmentId,
    /// Index of the instance, where it is about one.
    pub index: Option<u16>,
    /// What kind.
    pub kind: EventKind,
    /// As a person reads it.
    pub message: String,
}

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// An instance is being started.
    Starting,
    /// An instance gets requests.
    Ready,
    /// An instance fails its checks and gets no requests, unless no other is ready.
    Unhealthy,
    /// An instance ended unexpectedly.
    Crashed,
    /// An instance was stopped as wanted.
    Stopped,
    /// A change of the template failed.
    RolloutFailed,
    /// The wanted state is reached.
    #[serde(alias = "settled")]
    Converged,
    /// A running instance was found and taken over after the engine's own restart.
    Adopted,
}

/// A line of an instance's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Index of the instance.
    pub index: u16,
    /// The instance.
    pub instance: InstanceId,
    /// The line as it was written, without the line end.
    pub line: String,
}

#[cfg(test)]
mod tests {
    use super::{EventKind, Info, Observation, Rollout};
    use serde_json::json;

    /// A cell of yesterday may still run, and the portal keeps observations and events.
    #[test]
    fn what_a_cell_said_yesterday_is_understood() {
        let info: Info = serde_json::from_value(json!({
            "version": "0.1.0", "sandbox": "runc", "caveats": ["no limits"],
            "ingress": "127.0.0.1:8080", "zones": ["a"], "runtimes": ["sample"],
        }))
        .expect("an engine's information");
        assert_eq!(info.unenforced, ["no limits"]);
        assert!(info.problems.is_empty());
        assert_eq!(info.room, None);
        let observation: Observation = serde_json::from_value(json!({
            "id": "6f0d1b6e-53a1-4a27-9a0e-0f6f6f6e1a01", "revision": 7,
            "rollout": { "phase": "settled" }, "observed_at": "2026-01-01T00:00:00Z",
            "instances": [{
                "id": "b11cea96-82bc-469a-9af0-8e93743e02e1", "index": 0, "zone": "a",
                "state": "ready", "detail": "", "current": true, "package": "Shop 2.4.1",
                "pid": 7, "since": "2026-01-01T00:00:00Z", "memory_bytes": null,
                "memory_limit_bytes": 1, "cpu_milli": null, "restarts": 0, "last_crash": null,
            }],
        }))
        .expect("an observation");
        assert_eq!(observation.rollout, Rollout::Converged);
        assert_eq!(observation.instances[0].debugger, None);
        let kind: EventKind = serde_json::from_value(json!("settled")).expect("a kind");
        assert_eq!(kind, EventKind::Converged);
    }
}
