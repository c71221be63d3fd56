//! What the steps of the product's sagas may use: everything of the control plane but its database.
//!
//! What a step writes, and what it decides by, goes through the transaction of its context, which a worker that has
//! lost its run cannot have. So no later saga can write past that either.

use crate::desired_state;
use crate::error::Result;
use crate::model::environments::Environment;
use crate::objects::key::ObjectKey;
use crate::resources::databases::promise::{self, Room};
use crate::resources::regions::{self, RegionServers};
use crate::state::State;
use domain::ids::{CompanyId, EnvironmentId, PackageId};
use domain::regions::RegionCode;
use engine::Engine;
use secrecy::SecretString;
use std::sync::Arc;

/// The context of every saga of the product.
pub struct Parts(Arc<State>);

impl Parts {
    /// Those of this control plane.
    pub fn new(state: Arc<State>) -> Self {
        Self(state)
    }

    /// Where people reach an environment.
    pub(super) fn url_of(&self, e: &Environment) -> String {
        self.0.config.app_url(&e.host_label)
    }

    /// What serves a region.
    pub(super) async fn servers(&self, region: &RegionCode) -> Result<RegionServers> {
        regions::servers(&self.0, region).await
    }

    /// What a region's database server has to promise.
    pub(super) async fn connections(&self, servers: &RegionServers) -> Result<Room> {
        promise::room(&self.0, servers).await
    }

    /// The password of its role.
    pub(super) fn open_database_password(
        &self,
        e: &Environment,
        sealed: &[u8],
    ) -> Result<SecretString> {
        self.0.secrets.open(sealed, &e.owner())
    }

    /// Removes a package's file.
    pub(super) async fn remove_package(&self, id: PackageId) -> Result<()> {
        self.0.objects.delete(&ObjectKey::package(id)).await
    }

    /// Gives the engine an environment as it is desired now; its revision. The engine takes no older one than it has, so
    /// that a late hand-over does nothing.
    pub(super) async fn apply(&self, company: CompanyId, id: EnvironmentId) -> Result<i64> {
        desired_state::apply(&self.0, company, id).await
    }

    /// Takes an environment from its engine.
    pub(super) async fn remove(&self, region: &RegionCode, id: EnvironmentId) -> Result<()> {
        desired_state::remove(&self.0, region, id).await
    }

    /// The engine of an environment.
    pub(super) async fn engine(
        &self,
        company: CompanyId,
        id: EnvironmentId,
    ) -> Result<Arc<dyn Engine>> {
        desired_state::engine(&self.0, company, id).await
    }
}
