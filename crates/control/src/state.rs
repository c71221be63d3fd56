//! The parts of the control plane, one for each process.

use crate::clock::Clock;
use crate::config::Config;
use crate::objects::Objects;
use crate::packages::inspections::Inspections;
use crate::resources::engines::Engines;
use crate::secrets::Secrets;
use sqlx::PgPool;
use std::sync::Arc;
use time::OffsetDateTime;

/// The parts of the control plane; one for each process.
pub struct State {
    /// The portal's database.
    pub pool: PgPool,
    /// Run the apps.
    pub engines: Engines,
    /// Settings.
    pub config: Config,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Seals what must not lie in the database in clear.
    pub secrets: Secrets,
    /// Keeps files: packages, and what else is stored whole.
    pub objects: Objects,
    /// Whose turn it is to have a package inspected.
    pub inspections: Inspections,
}

impl State {
    /// Now.
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }
}
