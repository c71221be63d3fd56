//! What every use case has: who acts, and the parts of the control plane.

use crate::clock::Clock;
use crate::config::Config;
use crate::packages::store::PackageStore;
use crate::secrets::Secrets;
use domain::permissions::Actor;
use engine::Engine;
use sqlx::PgPool;
use std::sync::Arc;
use time::OffsetDateTime;

/// The parts of the control plane; one for each process.
pub struct State {
    /// The portal's database.
    pub pool: PgPool,
    /// Runs the apps.
    pub engine: Arc<dyn Engine>,
    /// Settings.
    pub config: Config,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Seals what must not lie in the database in clear.
    pub secrets: Secrets,
    /// Keeps the packages.
    pub packages: PackageStore,
}

impl State {
    /// Now.
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }
}

/// Who acts, in one request. Having one is being signed in.
#[derive(Clone)]
pub struct Ctx {
    /// Person, company and role.
    pub actor: Actor,
    /// The person's name.
    pub name: String,
    /// The person's e-mail address.
    pub email: String,
    /// The company's name.
    pub company_name: String,
    /// Whether the company demands that data stays in its political region.
    pub residency_required: bool,
    /// The request, for logs and audit.
    pub request_id: String,
    /// The address that the request came from, for the audit trail; none outside a request.
    pub from_address: Option<String>,
    /// The parts of the control plane.
    pub state: Arc<State>,
}

impl Ctx {
    /// Now.
    pub fn now(&self) -> OffsetDateTime {
        self.state.now()
    }
}
