//! The instances that a workload's task knows.

use crate::ingress::Backend;
use crate::record::{self, Fallen, InstanceRecord};
use crate::supervisor::report::Order;
use crate::usage::Usage;
use domain::states::InstanceState;
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::sync::watch;

/// An instance that has a task.
pub(super) struct Live {
    pub(super) record: InstanceRecord,
    pub(super) print: String,
    pub(super) state: InstanceState,
    pub(super) detail: String,
    pub(super) since: OffsetDateTime,
    pub(super) backend: Option<Arc<Backend>>,
    pub(super) usage: Usage,
    pub(super) orders: watch::Sender<Order>,
}

impl Live {
    pub(super) fn new(record: InstanceRecord, orders: watch::Sender<Order>) -> Self {
        Self {
            print: record::fingerprint(&record.template),
            state: InstanceState::Starting,
            detail: String::new(),
            since: OffsetDateTime::now_utc(),
            backend: None,
            usage: Usage::default(),
            record,
            orders,
        }
    }

    pub(super) fn enter(&mut self, state: InstanceState, detail: String) {
        if self.state != state {
            self.since = OffsetDateTime::now_utc();
            self.state = state;
        }
        self.detail = detail;
    }

    pub(super) fn serve(&mut self, backend: Arc<Backend>) {
        self.backend = Some(backend);
        // Told to end in the meantime, it does not come back.
        if self.state != InstanceState::Draining {
            self.enter(InstanceState::Ready, String::new());
        }
    }

    /// What is shown of it when it has crashed.
    pub(super) fn fallen(self) -> Fallen {
        Fallen {
            id: self.record.id,
            zone: self.record.zone,
            print: self.print,
            package: self.record.template.package.label,
            memory_mib: self.record.template.memory_mib,
        }
    }
}
