//! What creating and deleting an app have in common: the parts an environment stands on.

use crate::state::State;

use crate::db;
use crate::error::Result;
use crate::model::apps::App;
use crate::model::environments::Environment;
use crate::resources::buckets;
use crate::resources::databases::{self, Tenant, promise};
use crate::resources::regions;
use domain::ids::{AppId, CompanyId};
use domain::names::Subdomain;
use domain::regions::RegionCode;
use domain::topics::Topic;
use serde::{Deserialize, Serialize};

/// The app that is created or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    pub(crate) company: CompanyId,
    pub(crate) app: AppId,
    pub(crate) name: String,
    pub(crate) subdomain: Subdomain,
    pub(crate) region: RegionCode,
    pub(crate) connections: u32,
}

impl App {
    pub(crate) fn params(&self, connections: u32) -> Params {
        Params {
            company: self.company,
            app: self.id,
            name: self.name.to_string(),
            subdomain: self.subdomain.clone(),
            region: self.region.clone(),
            connections,
        }
    }
}

impl Params {
    pub(super) async fn environments(&self, state: &State) -> Result<Vec<Environment>> {
        let mut db = state.pool.acquire().await?;
        db::environments::of_app(&mut db, self.company, self.app).await
    }

    pub(super) async fn make_database(&self, state: &State, e: &Environment) -> Result<()> {
        let sealed =
            db::environments::passwords(&mut *state.pool.acquire().await?, e.company, e.id)
                .await?
                .database;
        let password = state.secrets.open(&sealed, &e.owner())?;
        let region = regions::servers(state, &self.region).await?;
        let connections = promise::promise(state, &region, e, self.connections).await?;
        let tenant = Tenant {
            connections,
            ..self.tenant(e)
        };
        databases::provision(&region.server(), &tenant, &password).await
    }

    pub(super) async fn drop_database(&self, state: &State, e: &Environment) -> Result<()> {
        let region = regions::servers(state, &self.region).await?;
        databases::drop(&region.server(), &self.tenant(e)).await
    }

    pub(super) async fn make_bucket(&self, state: &State, e: &Environment) -> Result<()> {
        let region = regions::servers(state, &self.region).await?;
        buckets::make(&buckets::folder(&region.buckets_dir, e.id)).await
    }

    pub(super) async fn remove_bucket(&self, state: &State, e: &Environment) -> Result<()> {
        let region = regions::servers(state, &self.region).await?;
        buckets::remove(&buckets::folder(&region.buckets_dir, e.id)).await
    }

    fn tenant<'a>(&self, e: &'a Environment) -> Tenant<'a> {
        Tenant {
            database: &e.database_name,
            role: &e.database_role,
            connections: self.connections,
        }
    }

    /// Tells pages that the app changed.
    pub(super) const fn topics(&self) -> [Topic; 2] {
        [Topic::Apps, Topic::App(self.app)]
    }
}

/// The percent of `done` of `all`.
pub(super) fn percent(done: usize, all: usize) -> u8 {
    u8::try_from(done * 100 / all.max(1)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::Params;

    /// What runs of an earlier release have stored.
    #[test]
    fn parameters_of_an_earlier_release_are_read() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let stored = format!(
            r#"{{"company":"{id}","app":"{id}","name":"Shop","subdomain":"shop","region":"eu-frankfurt","connections":200}}"#
        );
        let read: Params = serde_json::from_str(&stored).expect("reads");
        assert_eq!(
            (read.region.as_str(), read.connections),
            ("eu-frankfurt", 200)
        );
    }
}
