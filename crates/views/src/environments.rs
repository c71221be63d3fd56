//! Environments.

use crate::operations::OperationSummary;
use crate::packages::PackageSummary;
use crate::usage::{Room, Usage};
use domain::bad_row::BadRow;
use domain::ids::{AppId, EnvironmentId, InstanceId, OperationId};
use domain::plans::Plan;
use domain::rights::Access;
use domain::scaling::Scale;
use domain::states::{Desired, InstanceState, OperationState, Status, Tone};
use domain::topics::Topic;
use domain::what_may::environments::Actions;
use serde::{Deserialize, Serialize};

/// An environment beside its app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentSummary {
    pub id: EnvironmentId,
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    pub status: Status,
    /// Its address.
    pub url: String,
    /// The package that serves: `Shop 2.4.1`.
    pub package: Option<String>,
    /// The last change, if it failed: `Deploy Shop 2.4.2`.
    pub last_failure: Option<String>,
}

impl EnvironmentSummary {
    /// What may change it.
    pub fn topics(&self) -> [Topic; 2] {
        topics(self.id)
    }
}

/// An environment that something can be deployed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentCard {
    pub environment: EnvironmentSummary,
    pub deploy: Access,
}

/// An environment on its own pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentDetails {
    pub id: EnvironmentId,
    pub app_id: AppId,
    pub app_name: String,
    /// The app's subdomain.
    pub app: String,
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// Its address.
    pub url: String,
    pub status: Status,
    /// How things are and what happens next, as a person reads it.
    pub sentence: String,
    pub desired: Desired,
    /// Instances and memory desired.
    pub scale: Scale,
    /// Or the row that cannot be used.
    pub plan: Result<Plan, BadRow>,
    /// The name of its database.
    pub database: String,
    /// Connections that its database server has promised it.
    pub connections: u32,
    /// The package that serves.
    pub package: Option<PackageSummary>,
    /// When its instances were last seen.
    pub observed_at: Option<i64>,
    pub read_at: i64,
    /// By index.
    pub instances: Vec<Instance>,
    /// How far a change has come, if one is under way or failed.
    pub rollout: Option<Rollout>,
    /// The sandbox that instances run in; empty until the engine has told it.
    pub sandbox: String,
    /// What the sandbox does not enforce on this machine.
    pub unenforced: Vec<String>,
    /// Newest first.
    pub events: Vec<Event>,
    /// The operation under way, on it or on its app.
    pub operation: Option<OperationSummary>,
    /// The latest operation, if it failed.
    pub last_failure: Option<OperationSummary>,
    /// Newest first.
    pub deployments: Vec<Deployment>,
    /// What it takes of disks.
    pub usage: Usage,
    /// What is left of the machine that runs it, as it was told last.
    pub room: Option<Room>,
    pub actions: Actions,
}

impl EnvironmentDetails {
    /// Whether it is meant to serve.
    pub fn runs(&self) -> bool {
        self.desired == Desired::Running && self.package.is_some()
    }

    /// What may change it: the environment, its app, operations on it, and the one under way, which may be
    /// one on the whole app.
    pub fn topics(&self) -> Vec<Topic> {
        let operation = self.operation.iter();
        let on_the_way = operation.map(|operation| Topic::Operation(operation.id));
        topics(self.id)
            .into_iter()
            .chain([Topic::App(self.app_id)])
            .chain(on_the_way)
            .collect()
    }
}

fn topics(id: EnvironmentId) -> [Topic; 2] {
    [Topic::Environment(id), Topic::Subject(id.uuid())]
}

/// One instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// A replacement has another.
    pub id: InstanceId,
    /// 0 is the leader.
    pub index: u16,
    pub zone: String,
    pub state: InstanceState,
    /// The step or the failing check; may be empty.
    pub detail: String,
    /// The package it runs: `Shop 2.4.1`.
    pub package: String,
    /// Whether it is of the desired version and memory.
    pub current: bool,
    /// Since when it is in this state.
    pub since: i64,
    /// Memory in use.
    pub memory: Option<u64>,
    pub memory_limit: u64,
    /// Processor use, thousandths of a core.
    pub cpu_milli: Option<u32>,
    /// Crashes of this index for as long as it is desired.
    pub restarts: u32,
    pub last_crash: Option<Crash>,
}

impl Instance {
    /// The state as a chip; the step is part of the words.
    pub fn status(&self) -> Status {
        let label = match (self.state, self.detail.as_str()) {
            (_, "") | (InstanceState::Ready, _) => self.state.label().to_owned(),
            (_, detail) => format!("{}: {detail}", self.state.label()),
        };
        Status {
            tone: self.state.tone(),
            label,
        }
    }
}

/// An unexpected end of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crash {
    pub at: i64,
    /// As a person reads it: `killed by signal 9`.
    pub reason: String,
}

/// How far a change has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rollout {
    /// Under way.
    Rolling {
        /// Ready instances of the desired kind.
        done: u16,
        /// Instances desired.
        total: u16,
        /// What is being done, as a person reads it.
        doing: String,
    },
    /// Failed; older instances keep serving.
    Failed {
        /// The failing check or step.
        reason: String,
        /// The last log lines of the instance that failed.
        log: Vec<String>,
    },
}

/// Something that happened to an environment's instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub at: i64,
    pub tone: Tone,
    /// As a person reads it.
    pub message: String,
}

/// A deployment, past or under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    pub operation: OperationId,
    /// What was deployed: `Shop 2.4.1`.
    pub package: String,
    pub by: String,
    pub at: i64,
    /// Running, succeeded or failed.
    pub outcome: OperationState,
}

impl Deployment {
    /// How it ended, or that it is under way, as a chip.
    pub fn status(&self) -> Status {
        let label = match self.outcome {
            OperationState::Running => "Under way",
            other => other.label(),
        };
        Status {
            tone: self.outcome.tone(),
            label: label.to_owned(),
        }
    }
}

/// An environment's debugger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debugger {
    pub environment: EnvironmentId,
    pub app_name: String,
    /// The environment's name.
    pub name: String,
    /// The environment's status.
    pub status: Status,
    /// Where a modelling tool connects to.
    pub url: String,
    /// The index of the instance that the address leads to.
    pub instance: u16,
    /// The running instances and what they say of their debugger.
    pub instances: Vec<DebuggerInstance>,
    /// Whether one may see the password.
    pub reveal: Access,
    /// Whether one may choose another instance.
    pub choose: Access,
}

impl Debugger {
    /// What may change it.
    pub fn topics(&self) -> Vec<Topic> {
        topics(self.environment).to_vec()
    }
}

/// What one instance says of its debugger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebuggerInstance {
    pub index: u16,
    pub state: InstanceState,
    /// Whether its debugger is on; unknown when it did not answer.
    pub enabled: Option<bool>,
    /// Whether a tool is connected.
    pub client_connected: bool,
    /// Microflows that stand at a breakpoint.
    pub paused: u32,
    /// When it said so, seconds of the Unix epoch.
    pub told_at: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_says_how_it_ended() {
        let said = |outcome| {
            let deployment = Deployment {
                operation: "00000000-0000-0000-0000-000000000007"
                    .parse()
                    .expect("an id"),
                package: "Shop 1".to_owned(),
                by: "Ada".to_owned(),
                at: 0,
                outcome,
            };
            let Status { tone, label } = deployment.status();
            (tone, label)
        };
        let words = |tone, label: &str| (tone, label.to_owned());
        assert_eq!(said(OperationState::Succeeded), words(Tone::Ok, "Done"));
        assert_eq!(
            said(OperationState::Running),
            words(Tone::Busy, "Under way")
        );
        assert_eq!(said(OperationState::Failed), words(Tone::Bad, "Failed"));
    }
}
