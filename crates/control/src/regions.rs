//! Regions: what a company is offered, and writing down a region and how it is served.

use crate::access::Installation;
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, FieldError, Result};
use crate::model::regions::{NewRegion, SealedServing, Serving, owner};
use crate::resources::regions::PostgresServer;
use crate::state::State;
use domain::regions::RegionOffer;
use domain::rights::Right;
use domain::subjects::{Subject, SubjectKind};
use serde_json::json;

/// Every region, with the reason where the actor's company cannot choose it.
pub async fn list(ctx: &Ctx) -> Result<Vec<RegionOffer>> {
    let rows = db::regions::list(&mut *ctx.state.pool.acquire().await?, ctx.now()).await?;
    let offers = rows
        .into_iter()
        .map(|row| RegionOffer::new(row.region, row.takes_apps, ctx.residency_required));
    Ok(offers.collect())
}

/// Refuses settings of a region that is not there, and settings that could serve none.
pub async fn check_settings(state: &State) -> Result<()> {
    let rows = db::regions::engines(&mut *state.pool.acquire().await?).await?;
    let known: Vec<String> = rows.into_iter().map(|(code, _)| code).collect();
    for (code, settings) in &state.config.regions {
        if !known.iter().any(|known| known == code.as_str()) {
            return Err(Error::Conflict(format!(
                "regions.{code}: the regions are {}; correct the code, or add the row of that region first",
                known.join(", ")
            )));
        }
        if let Some(FieldError { field, message }) = refusals(state, settings).pop() {
            return Err(Error::Conflict(format!(
                "regions.{code}.{field}: {message}"
            )));
        }
    }
    Ok(())
}

/// Writes a region, over what was there under its code. Apps are moved by this neither to another engine
/// nor to another database server: an admin does that before.
pub async fn put(ctx: &Ctx, new: NewRegion) -> Result<()> {
    let on = Installation::new(ctx, format!("Region {}", new.region.code));
    let mut change = Change::begin(ctx, Right::ManageRegions, &on).await?;
    let residency = db::regions::residency(change.db(), ctx.now()).await?;
    let region = new.region.check(&residency)?;
    let refusals = refusals(&ctx.state, &new.serving);
    if !refusals.is_empty() {
        return Err(Error::Invalid(refusals));
    }
    let before = db::regions::serving(change.db(), &region.code).await?;
    let sealed = seal(&ctx.state, region.code.as_str(), &region.name, new.serving)?;
    let details = json!({
        "region": region, "takes_apps": new.takes_apps,
        "before": before.as_ref().map(told), "serving": told(&sealed),
    });
    let id = db::regions::upsert(change.db(), &region, new.takes_apps, &sealed, ctx.now()).await?;
    change.set_subject(Subject::new(SubjectKind::Region, id));
    change.commit(details, &[]).await
}

/// What serves a region, for the audit trail: of the server's address only that there is one.
fn told(serving: &SealedServing) -> serde_json::Value {
    json!({
        "engine": serving.engine, "postgres": serving.postgres.is_some(), "postgres_host": serving.postgres_host,
        "postgres_port": serving.postgres_port, "buckets": serving.buckets, "runtime": serving.runtime,
    })
}

/// Fields that could serve no region. Nothing of it need answer yet.
fn refusals(state: &State, serving: &Serving) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |field: &str, message: String| {
        errors.push(FieldError {
            field: field.to_owned(),
            message,
        });
    };
    if let Err(why) = state.engines.get(serving.engine.as_deref()) {
        refuse("engine", why);
    }
    if let Some(url) = &serving.postgres
        && let Err(why) = PostgresServer::new(url, None, None)
    {
        refuse("postgres", why);
    }
    if serving.postgres_port == Some(0) {
        refuse(
            "postgres_port",
            "Give a port from 1 to 65535, or none.".to_owned(),
        );
    }
    if let Some(folder) = &serving.buckets
        && !(folder.is_absolute() && folder.to_str().is_some())
    {
        refuse("buckets", "Give the absolute path of a folder.".to_owned());
    }
    errors
}

fn seal(state: &State, code: &str, name: &str, serving: Serving) -> Result<SealedServing> {
    let seal = |url| state.secrets.seal(&url, &owner(code));
    let buckets = serving.buckets;
    Ok(SealedServing {
        name: name.to_owned(),
        engine: serving.engine,
        postgres: serving.postgres.map(seal).transpose()?,
        postgres_host: serving.postgres_host,
        postgres_port: serving.postgres_port.map(i32::from),
        buckets: buckets.map(|folder| folder.to_string_lossy().into_owned()),
        runtime: serving.runtime,
    })
}
