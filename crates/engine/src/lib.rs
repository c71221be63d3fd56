//! The seam between what is wanted and what runs: the [`Engine`] trait and its types.
//!
//! The control plane hands an engine declarative [`workload::Workload`]s and reads
//! [`observation::Observation`]s; how the two meet is the engine's business.

pub mod cell;
pub mod memory;
pub mod observation;
pub mod refs;
pub mod secret;
pub mod text;
pub mod usage;
pub mod workload;

use async_trait::async_trait;
use domain::ids::{EnvironmentId, InstanceId};
use observation::{Event, Info, LogLine, Observation};
use serde_json::Value;
use usage::Usage;
use workload::Workload;

/// The version of the interface between portal and engine: of workloads, observations and what is asked. It counts
/// up whenever one side would no longer understand the other.
pub const API_VERSION: u32 = 1;

/// Why an engine did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine cannot be reached; asking again later may work.
    #[error("the engine cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The engine refused; asking again gives the same answer.
    #[error("the engine refused: {0}")]
    Refused(String),
    /// It would need more than the engine has left; the sentence names the need and the room. Asking again
    /// gives the same answer until something else takes less.
    #[error("the engine has no room: {0}")]
    NoRoom(String),
    /// Nothing is wrong with what was asked; the engine's machine cannot do it at this moment, because of this.
    #[error("the engine cannot do it now: {0}")]
    NotNow(String),
    /// No such workload or instance.
    #[error("the engine knows no such thing")]
    NotFound,
}

/// Something that keeps workloads running as wanted.
#[async_trait]
pub trait Engine: Send + Sync {
    /// What the engine is and what it offers.
    async fn info(&self) -> Result<Info, EngineError>;

    /// Makes `workload` the wanted state. Idempotent; a lower [`Workload::revision`] than the one
    /// the engine has is refused, the same revision with the same content changes nothing.
    async fn apply(&self, workload: &Workload) -> Result<(), EngineError>;

    /// Takes the workload away: instances end, routes and local state go. Idempotent; answers only
    /// when nothing of it runs any more.
    async fn remove(&self, id: EnvironmentId) -> Result<(), EngineError>;

    /// What is, for one workload.
    async fn observe(&self, id: EnvironmentId) -> Result<Observation, EngineError>;

    /// What is, for every workload.
    async fn observe_all(&self) -> Result<Vec<Observation>, EngineError>;

    /// Events after `after`, oldest first; waits up to `wait_seconds` for one.
    async fn events(&self, after: u64, wait_seconds: u32) -> Result<Vec<Event>, EngineError>;

    /// What every environment takes of the disk, as it was measured last; nothing by an engine that does not
    /// measure.
    async fn usage(&self) -> Result<Usage, EngineError> {
        Ok(Usage::default())
    }

    /// The last `tail` log lines of a workload's instances, oldest first.
    async fn logs(&self, id: EnvironmentId, tail: u32) -> Result<Vec<LogLine>, EngineError>;

    /// One call of the runtime's admin protocol on a running instance: `(result, feedback)`.
    async fn admin(
        &self,
        instance: InstanceId,
        action: &str,
        params: Value,
    ) -> Result<(i64, Value), EngineError>;
}
