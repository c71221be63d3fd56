//! What every connection of the ingress shares.

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::ingress::{config::IngressConfig, table::Table};

/// The ingress, as a connection sees it.
pub(super) struct Proxy {
    pub(super) table: Table,
    pub(super) config: IngressConfig,
    pub(super) tasks: TaskTracker,
    pub(super) stopping: CancellationToken,
}
