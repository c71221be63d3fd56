//! An engine that keeps what it is told in memory and calls everything running.

use async_trait::async_trait;
use domain::ids::{EnvironmentId, InstanceId};
use engine::observation::{Event, Info, LogLine, Observation, Rollout};
use engine::workload::Workload;
use engine::{Engine, EngineError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use time::OffsetDateTime;

/// The engine.
#[derive(Default)]
pub struct StubEngine {
    workloads: Mutex<BTreeMap<EnvironmentId, i64>>,
}

impl StubEngine {
    fn observations(&self) -> Vec<Observation> {
        let workloads = self
            .workloads
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let observe = |(id, revision): (&EnvironmentId, &i64)| Observation {
            id: *id,
            revision: *revision,
            instances: Vec::new(),
            rollout: Rollout::Converged,
            observed_at: OffsetDateTime::UNIX_EPOCH,
        };
        workloads.iter().map(observe).collect()
    }
}

#[async_trait]
impl Engine for StubEngine {
    async fn info(&self) -> Result<Info, EngineError> {
        Ok(Info {
            version: "stub".to_owned(),
            api_version: engine::API_VERSION,
            sandbox: "none".to_owned(),
            unenforced: Vec::new(),
            problems: Vec::new(),
            ingress: "127.0.0.1:1".to_owned(),
            zones: vec!["a".to_owned()],
            runtimes: vec!["sample".to_owned()],
            room: None,
        })
    }

    async fn apply(&self, workload: &Workload) -> Result<(), EngineError> {
        let mut workloads = self
            .workloads
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        workloads.insert(workload.id, workload.revision);
        Ok(())
    }

    async fn remove(&self, id: EnvironmentId) -> Result<(), EngineError> {
        self.workloads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
        Ok(())
    }

    async fn observe(&self, id: EnvironmentId) -> Result<Observation, EngineError> {
        self.observations()
            .into_iter()
            .find(|it| it.id == id)
            .ok_or(EngineError::NotFound)
    }

    async fn observe_all(&self) -> Result<Vec<Observation>, EngineError> {
        Ok(self.observations())
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
