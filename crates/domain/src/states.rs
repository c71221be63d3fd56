//! States of environments, instances and operations, and the words for them.

use serde::{Deserialize, Serialize};

/// Where an app is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppState {
    /// Its databases and buckets are being made.
    Creating,
    /// In use.
    Ready,
    /// Everything of it is being taken away.
    Deleting,
}

impl AppState {
    /// The code in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Ready => "ready",
            Self::Deleting => "deleting",
        }
    }

    /// Reads a code.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Creating, Self::Ready, Self::Deleting]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// What an environment should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    /// Serve requests.
    Running,
    /// Hold data, run nothing.
    Stopped,
}

impl Desired {
    /// The code in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }

    /// Reads a code.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Running, Self::Stopped]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// The life of one instance, in the order it passes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceState {
    /// The process is being started and spoken to.
    Starting,
    /// Started; not yet answering often enough to get requests.
    Checking,
    /// Gets requests.
    Ready,
    /// Runs and fails its checks; gets requests only while no other instance is ready.
    Unhealthy,
    /// Gets no new requests, finishes the ones it has.
    Draining,
    /// Ended unexpectedly; a replacement waits for its time.
    Crashed,
}

impl InstanceState {
    /// As a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Starting => "Starting",
            Self::Checking => "Checking",
            Self::Ready => "Ready",
            Self::Unhealthy => "Unhealthy",
            Self::Draining => "Draining",
            Self::Crashed => "Crashed",
        }
    }

    /// The tone of its chip.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Starting | Self::Checking => Tone::Busy,
            Self::Ready => Tone::Ok,
            Self::Unhealthy => Tone::Warn,
            Self::Draining => Tone::Idle,
            Self::Crashed => Tone::Bad,
        }
    }
}

/// The state of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// Waits for a worker.
    Queued,
    /// A worker runs its steps.
    Running,
    /// Waits for something outside, and holds nothing meanwhile.
    Waiting,
    /// Cancel was asked for; the worker has not acknowledged yet.
    Cancelling,
    /// A step failed or cancel was asked for; what was made is being undone.
    Unwinding,
    /// All steps done.
    Succeeded,
    /// Failed, everything undone.
    Failed,
    /// Cancelled, everything undone.
    Cancelled,
    /// An undo failed: a person must look.
    Stuck,
}

impl OperationState {
    /// As a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Waiting => "Waiting",
            Self::Cancelling => "Cancelling",
            Self::Unwinding => "Undoing",
            Self::Succeeded => "Done",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
            Self::Stuck => "Stuck",
        }
    }

    /// The tone of its chip.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Queued | Self::Running | Self::Waiting | Self::Cancelling => Tone::Busy,
            Self::Unwinding => Tone::Warn,
            Self::Succeeded => Tone::Ok,
            Self::Failed | Self::Stuck => Tone::Bad,
            Self::Cancelled => Tone::Idle,
        }
    }

    /// Whether nothing more will happen by itself.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Stuck
        )
    }
}

/// The tone of a status: never shown without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// As it should be.
    Ok,
    /// Under way.
    Busy,
    /// Look soon.
    Warn,
    /// Look now.
    Bad,
    /// Nothing there.
    Idle,
}

impl Tone {
    /// The value of `data-state`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Busy => "busy",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Idle => "idle",
        }
    }
}

/// How old an observation may be before a status turns to "unknown", seconds.
pub const SILENT_AFTER_SECONDS: i64 = 30;

/// What is known of an environment when its status is put into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusFacts {
    /// What it should do.
    pub desired: Desired,
    /// Whether a package is deployed.
    pub deployed: bool,
    /// Whether its database and bucket exist yet.
    pub provisioned: bool,
    /// Instances that should run.
    pub desired_instances: u16,
    /// Instances that get requests.
    pub ready: u16,
    /// Instances that exist in any state.
    pub existing: u16,
    /// Instances that are between crash and replacement.
    pub crashed: u16,
    /// Age of the observation, seconds; none if there was never one.
    pub age_seconds: Option<i64>,
}

/// The status of an environment: a tone and its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The tone of the chip.
    pub tone: Tone,
    /// The words on the chip.
    pub label: String,
}

impl StatusFacts {
    /// Puts the facts into words; a silent source is "unknown", never the last known state.
    pub fn status(self) -> Status {
        let say = |tone, label: String| Status { tone, label };
        if !self.provisioned {
            return say(Tone::Busy, "Being created".to_owned());
        }
        if !self.deployed {
            return say(Tone::Idle, "Never deployed".to_owned());
        }
        match self.age_seconds {
            None => return say(Tone::Idle, "Unknown".to_owned()),
            Some(age) if age > SILENT_AFTER_SECONDS => {
                return say(Tone::Idle, format!("Unknown, {age} s silent"));
            }
            Some(_) => {}
        }
        let share = format!("{} / {}", self.ready, self.desired_instances);
        match (self.desired, self.existing) {
            (Desired::Stopped, 0) => say(Tone::Idle, "Stopped".to_owned()),
            (Desired::Stopped, _) => say(Tone::Busy, "Stopping".to_owned()),
            (Desired::Running, _) if self.ready >= self.desired_instances => {
                say(Tone::Ok, format!("Running {share}"))
            }
            (Desired::Running, _) if self.crashed > 0 && self.ready == 0 => {
                say(Tone::Bad, format!("Crashed {share}"))
            }
            (Desired::Running, _) if self.ready == 0 => {
                say(Tone::Busy, format!("Starting {share}"))
            }
            (Desired::Running, _) => say(Tone::Warn, format!("Running {share}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> StatusFacts {
        StatusFacts {
            desired: Desired::Running,
            deployed: true,
            provisioned: true,
            desired_instances: 3,
            ready: 3,
            existing: 3,
            crashed: 0,
            age_seconds: Some(1),
        }
    }

    #[test]
    fn status_words_never_lie() {
        let label = |facts: StatusFacts| facts.status().label;
        assert_eq!(label(facts()), "Running 3 / 3");
        assert_eq!(
            label(StatusFacts {
                ready: 2,
                ..facts()
            }),
            "Running 2 / 3"
        );
        assert_eq!(
            label(StatusFacts {
                ready: 0,
                crashed: 3,
                ..facts()
            }),
            "Crashed 0 / 3"
        );
        assert_eq!(
            label(StatusFacts {
                age_seconds: Some(40),
                ..facts()
            }),
            "Unknown, 40 s silent"
        );
        assert_eq!(
            label(StatusFacts {
                age_seconds: None,
                ..facts()
            }),
            "Unknown"
        );
        assert_eq!(
            label(StatusFacts {
                desired: Desired::Stopped,
                ready: 1,
                existing: 1,
                ..facts()
            }),
            "Stopping"
        );
        assert_eq!(
            label(StatusFacts {
                desired: Desired::Stopped,
                ready: 0,
                existing: 0,
                ..facts()
            }),
            "Stopped"
        );
        assert_eq!(
            label(StatusFacts {
                deployed: false,
                ..facts()
            }),
            "Never deployed"
        );
    }
}
