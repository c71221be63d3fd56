//! The instances that a workload's task knows.

use crate::ingress::backend::Backend;
use crate::record::{self, CrashedInstance, InstanceRecord};
use crate::supervisor::report::Order;
use crate::usage::Usage;
use crate::words;
use domain::states::InstanceState;
use engine::observation::DebuggerStatus;
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::sync::watch;

/// An instance that has a task.
pub(super) struct Live {
    pub(super) record: InstanceRecord,
    pub(super) template_hash: String,
    pub(super) state: InstanceState,
    pub(super) detail: String,
    pub(super) since: OffsetDateTime,
    pub(super) backend: Option<Arc<Backend>>,
    pub(super) usage: Usage,
    pub(super) debugger: Option<DebuggerStatus>,
    pub(super) orders: watch::Sender<Order>,
}

impl Live {
    pub(super) fn new(record: InstanceRecord, orders: watch::Sender<Order>) -> Self {
        Self {
            template_hash: record::template_hash(&record.template),
            state: InstanceState::Starting,
            detail: String::new(),
            since: OffsetDateTime::now_utc(),
            backend: None,
            usage: Usage::default(),
            debugger: None,
            record,
            orders,
        }
    }

    pub(super) fn enter(&mut self, state: InstanceState, detail: &str) {
        if self.state != state {
            self.since = OffsetDateTime::now_utc();
            self.state = state;
        }
        self.detail = words::reason(detail);
    }

    pub(super) fn serve(&mut self, backend: Arc<Backend>) {
        self.backend = Some(backend);
        // Told to end in the meantime, it does not come back.
        if self.state != InstanceState::Draining {
            self.enter(InstanceState::Ready, "");
        }
    }

    /// What is shown of it when it has crashed.
    pub(super) fn into_crashed(self) -> CrashedInstance {
        CrashedInstance {
            id: self.record.id,
            zone: self.record.zone,
            template_hash: self.template_hash,
            package: self.record.template.package.label,
            memory_mib: self.record.template.memory_mib,
        }
    }
}
