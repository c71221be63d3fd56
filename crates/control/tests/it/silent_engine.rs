//! An engine that can be made to answer nothing, for ever, and counts how often it is asked what is.

use async_trait::async_trait;
use domain::ids::{EnvironmentId, InstanceId};
use engine::memory::MemoryEngine;
use engine::observation::{Event, Info, LogLine, Observation};
use engine::workload::Workload;
use engine::{Engine, EngineError};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The engine, until it is silent.
pub struct SilentEngine {
    inner: Arc<MemoryEngine>,
    is_silent: AtomicBool,
    asked: AtomicUsize,
}

impl SilentEngine {
    pub fn new(inner: Arc<MemoryEngine>) -> Self {
        Self {
            inner,
            is_silent: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
        }
    }

    /// No question is answered from now on.
    pub fn fall_silent(&self) {
        self.is_silent.store(true, Ordering::SeqCst);
    }

    /// How often it was asked what is, for every workload.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn heard(&self) -> &MemoryEngine {
        if self.is_silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        &self.inner
    }
}

#[async_trait]
impl Engine for SilentEngine {
    async fn info(&self) -> Result<Info, EngineError> {
        self.heard().await.info().await
    }

    async fn apply(&self, workload: &Workload) -> Result<(), EngineError> {
        self.heard().await.apply(workload).await
    }

    async fn remove(&self, id: EnvironmentId) -> Result<(), EngineError> {
        self.heard().await.remove(id).await
    }

    async fn observe(&self, id: EnvironmentId) -> Result<Observation, EngineError> {
        self.heard().await.observe(id).await
    }

    async fn observe_all(&self) -> Result<Vec<Observation>, EngineError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.heard().await.observe_all().await
    }

    async fn events(&self, after: u64, wait: u32) -> Result<Vec<Event>, EngineError> {
        self.heard().await.events(after, wait).await
    }

    async fn logs(&self, id: EnvironmentId, tail: u32) -> Result<Vec<LogLine>, EngineError> {
        self.heard().await.logs(id, tail).await
    }

    async fn admin(
        &self,
        instance: InstanceId,
        action: &str,
        params: Value,
    ) -> Result<(i64, Value), EngineError> {
        self.heard().await.admin(instance, action, params).await
    }
}
