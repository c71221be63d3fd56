//! An app as the database has it.

use domain::capabilities::Generation;
use domain::ids::{AppId, CompanyId};
use domain::names::{AppName, Subdomain};
use domain::plans::{Plan, PlanCode};
use domain::regions::RegionCode;
use domain::scaling::POOL_PER_INSTANCE;
use domain::states::AppState;
use time::OffsetDateTime;

/// An app as the database has it.
#[derive(Debug, Clone)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Its company.
    pub company: CompanyId,
    /// Its name.
    pub name: AppName,
    /// Its subdomain, which is also its place in the portal's addresses.
    pub subdomain: Subdomain,
    /// Its region.
    pub region: RegionCode,
    /// Its platform generation.
    pub generation: Generation,
    /// Its plan.
    pub plan: PlanCode,
    /// Where it is in its life.
    pub state: AppState,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

impl App {
    /// Database connections that each environment has on the app's plan.
    pub fn connections(&self, plan: &Plan) -> u32 {
        self.generation
            .capabilities()
            .connections
            .for_memory(plan.database_memory_mib)
    }

    /// Those of them that its instances can ever open, with one that is being replaced: what a server need promise.
    pub(crate) fn most_connections(&self, plan: &Plan) -> u32 {
        let instances = u32::from(plan.max_instances) + 1;
        self.connections(plan).min(instances * POOL_PER_INSTANCE)
    }
}
