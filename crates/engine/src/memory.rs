//! An engine that keeps workloads in memory and calls them running: for tests of what uses one.

use crate::observation::{Event, Info, LogLine, Observation, Rollout};
use crate::workload::Workload;
use crate::{Engine, EngineError};
use async_trait::async_trait;
use domain::ids::{EnvironmentId, InstanceId};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use time::OffsetDateTime;

/// The engine. A workload whose package label contains [`BROKEN`] cannot be started.
#[derive(Default)]
pub struct MemoryEngine {
    workloads: Mutex<BTreeMap<EnvironmentId, Workload>>,
}

/// In a package's label: its instances never become ready.
pub const BROKEN: &str = "broken";

impl MemoryEngine {
    /// The workload it was given last, if it still has it.
    pub fn workload(&self, id: EnvironmentId) -> Option<Workload> {
        self.workloads().get(&id).cloned()
    }

    fn workloads(&self) -> MutexGuard<'_, BTreeMap<EnvironmentId, Workload>> {
        self.workloads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn observation(workload: &Workload) -> Observation {
    let broken = workload
        .template
        .as_ref()
        .is_some_and(|t| t.package.label.contains(BROKEN));
    Observation {
        id: workload.id,
        revision: workload.revision,
        instances: Vec::new(),
        rollout: if broken {
            Rollout::Failed {
                reason: "Instance 0 never answered.".to_owned(),
                log: vec!["no answer".to_owned()],
            }
        } else {
            Rollout::Settled
        },
        observed_at: OffsetDateTime::UNIX_EPOCH,
    }
}

#[async_trait]
impl Engine for MemoryEngine {
    async fn info(&self) -> Result<Info, EngineError> {
        Ok(Info {
            version: "memory".to_owned(),
            sandbox: "none".to_owned(),
            caveats: Vec::new(),
            ingress: "127.0.0.1:1".to_owned(),
            zones: vec!["a".to_owned()],
            runtimes: vec!["sample".to_owned()],
        })
    }

    async fn apply(&self, workload: &Workload) -> Result<(), EngineError> {
        let mut workloads = self.workloads();
        if workloads
            .get(&workload.id)
            .is_some_and(|known| known.revision > workload.revision)
        {
            return Err(EngineError::Refused(
                "This revision is older than the one it has.".to_owned(),
            ));
        }
        workloads.insert(workload.id, workload.clone());
        Ok(())
    }

    async fn remove(&self, id: EnvironmentId) -> Result<(), EngineError> {
        self.workloads().remove(&id);
        Ok(())
    }

    async fn observe(&self, id: EnvironmentId) -> Result<Observation, EngineError> {
        self.workloads()
            .get(&id)
            .map(observation)
            .ok_or(EngineError::NotFound)
    }

    async fn observe_all(&self) -> Result<Vec<Observation>, EngineError> {
        Ok(self.workloads().values().map(observation).collect())
    }

    async fn events(&self, _: u64, _: u32) -> Result<Vec<Event>, EngineError> {
        Ok(Vec::new())
    }

    async fn logs(&self, _: EnvironmentId, _: u32) -> Result<Vec<LogLine>, EngineError> {
        Ok(Vec::new())
    }

    async fn admin(&self, _: InstanceId, _: &str, _: Value) -> Result<(i64, Value), EngineError> {
        Err(EngineError::NotFound)
    }
}
