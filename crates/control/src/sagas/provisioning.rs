//! What creating and deleting an app have in common: the parts an environment stands on.

use super::parts::Parts;
use crate::db;
use crate::model::apps::App;
use crate::model::environments::Environment;
use crate::resources::buckets;
use crate::resources::databases::{self, Tenant, promise};
use crate::resources::regions::RegionServers;
use domain::ids::{AppId, CompanyId};
use domain::names::Subdomain;
use domain::regions::RegionCode;
use domain::topics::Topic;
use saga::error::StepError;
use saga::saga::Saga;
use saga::step::StepContext;
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

/// The environments of the app.
pub(super) async fn environments<S>(ctx: &StepContext<S>) -> Result<Vec<Environment>, StepError>
where
    S: Saga<Params = Params, Context = Parts>,
{
    let params = ctx.params();
    let mut tx = ctx.begin().await?;
    let environments = db::environments::of_app(&mut tx, params.company, params.app).await?;
    tx.commit().await?;
    Ok(environments)
}

/// Makes an environment's database and role.
pub(super) async fn make_database<S>(ctx: &StepContext<S>, e: &Environment) -> Result<(), StepError>
where
    S: Saga<Params = Params, Context = Parts>,
{
    let mut tx = ctx.begin().await?;
    let sealed = db::environments::passwords(&mut tx, e.company, e.id).await?;
    tx.commit().await?;
    let password = ctx.context().open_database_password(e, &sealed.database)?;
    let servers = servers(ctx).await?;
    let room = ctx.context().connections(&servers).await?;
    let mut tx = ctx.begin().await?;
    let connections = promise::promise(&mut tx, &room, e, ctx.params().connections).await?;
    tx.commit().await?;
    let tenant = Tenant {
        connections,
        ..ctx.params().tenant(e)
    };
    let mut held = databases::hold(&servers.server(), tenant).await?;
    // Only now: who has lost the run before this does nothing, and who loses it later is ended by whoever holds next.
    ctx.check().await?;
    Ok(databases::provision(&mut held, &password).await?)
}

/// Drops an environment's database and role.
pub(super) async fn drop_database<S>(ctx: &StepContext<S>, e: &Environment) -> Result<(), StepError>
where
    S: Saga<Params = Params, Context = Parts>,
{
    let servers = servers(ctx).await?;
    let mut held = databases::hold(&servers.server(), ctx.params().tenant(e)).await?;
    ctx.check().await?;
    Ok(databases::drop(&mut held).await?)
}

/// Makes an environment's bucket. A worker that is stopped between the check and the deed can leave an empty
/// folder behind an undo, and nothing else.
pub(super) async fn make_bucket<S>(ctx: &StepContext<S>, e: &Environment) -> Result<(), StepError>
where
    S: Saga<Params = Params, Context = Parts>,
{
    let folder = buckets::folder(&servers(ctx).await?.buckets_dir, e.id);
    ctx.check().await?;
    Ok(buckets::make(&folder).await?)
}

/// Removes an environment's bucket. Late, it finds nothing: no environment gets the id of another.
pub(super) async fn remove_bucket<S>(ctx: &StepContext<S>, e: &Environment) -> Result<(), StepError>
where
    S: Saga<Params = Params, Context = Parts>,
{
    let folder = buckets::folder(&servers(ctx).await?.buckets_dir, e.id);
    ctx.check().await?;
    Ok(buckets::remove(&folder).await?)
}

/// Takes an environment from its engine.
pub(super) async fn remove_workload<S>(
    ctx: &StepContext<S>,
    e: &Environment,
) -> Result<(), StepError>
where
    S: Saga<Params = Params, Context = Parts>,
{
    ctx.check().await?;
    Ok(ctx.context().remove(&ctx.params().region, e.id).await?)
}

async fn servers<S>(ctx: &StepContext<S>) -> Result<RegionServers, StepError>
where
    S: Saga<Params = Params, Context = Parts>,
{
    Ok(ctx.context().servers(&ctx.params().region).await?)
}

impl Params {
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
