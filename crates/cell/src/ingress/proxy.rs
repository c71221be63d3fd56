//! What every connection of the ingress shares.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    descriptors,
    ingress::{
        client_info::Place, config::IngressConfig, pages::words::Refusal, shares::Shares,
        table::Table,
    },
};

/// The ingress, as a connection sees it.
pub(super) struct Proxy {
    pub(super) table: Table,
    pub(super) config: IngressConfig,
    pub(super) tasks: TaskTracker,
    pub(super) stopping: CancellationToken,
    places: Arc<Semaphore>,
    /// Of client addresses.
    pub(super) shares: Shares,
}

impl Proxy {
    pub(super) fn new(table: Table, config: IngressConfig) -> Self {
        let config = config.within(descriptors::for_clients());
        Self {
            table,
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            places: Arc::new(Semaphore::new(config.max_connections)),
            shares: Shares::new(config.max_per_address),
            config,
        }
    }

    /// A place for a connection from `peer`, if there is one and it has not got its share already.
    pub(super) fn place(&self, peer: std::net::IpAddr) -> Result<Place, Refusal> {
        let share = if self.config.trusts(peer) {
            None
        } else {
            Some(self.shares.take(peer).ok_or(Refusal::AddressFull)?)
        };
        let place = Arc::clone(&self.places).try_acquire_owned();
        Ok(Place::new(place.map_err(|_| Refusal::Full)?, share))
    }
}
