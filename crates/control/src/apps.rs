//! Apps: list, look at, create, delete.

pub mod create;
pub mod delete;

use crate::access;
use crate::ctx::Ctx;
use crate::db;
use crate::db::apps::ListedApp;
use crate::environments;
use crate::error::Result;
use crate::model::regions::RegionRow;
use crate::operations;
use crate::page;
use domain::bad_row::BadRow;
use domain::ids::AppId;
use domain::names::{EnvironmentName, Subdomain};
use domain::regions::RegionCode;
use domain::rights::Right;
use domain::what_may;
use views::apps::{AppDetails, AppList, AppRegion, AppSummary, Availability};

/// The list as [`list`] gives it, for a page that shows its beginning in several places: one request reads that once.
pub async fn list_once(
    ctx: &Ctx,
    after: Option<String>,
    here: Option<&Subdomain>,
) -> Result<AppList> {
    if after.is_some() || here.is_some() {
        return list(ctx, after, here).await;
    }
    let first = ctx.first_apps.get_or_try_init(|| list(ctx, None, None));
    first.await.cloned()
}

/// Apps whose team the person is in, by name; with `here`, that app too, wherever in the list it stands.
pub async fn list(ctx: &Ctx, after: Option<String>, here: Option<&Subdomain>) -> Result<AppList> {
    let after: Option<(String, AppId)> = page::key(after)?;
    let mut db = ctx.state.pool.acquire().await?;
    let asked = db::apps::Asked {
        person: ctx.person(),
        after,
        beside: here,
    };
    let (apps, beside) = db::apps::listed(&mut db, ctx.company, asked, ctx.now()).await?;
    let mut page = page::of_rows(apps, |app| (app.name.to_string(), app.id))?;
    page.items.extend(beside);
    // Rows that cannot be used are rare; what is wrong with them takes another look.
    let is_unusable = page.items.iter().any(|app| app.region.is_none());
    let regions = if is_unusable {
        db::regions::list(&mut db, ctx.now()).await?
    } else {
        Vec::new()
    };
    let items = page.items.into_iter();
    Ok(AppList {
        items: items.map(|app| summary(ctx, &regions, app)).collect(),
        next: page.next,
        create: ctx.may_in_company(Right::CreateApp),
    })
}

fn summary(ctx: &Ctx, regions: &[RegionRow], app: ListedApp) -> AppSummary {
    let environments = app.environments.into_iter();
    AppSummary {
        id: app.id,
        name: app.name.to_string(),
        subdomain: app.subdomain.to_string(),
        region: app
            .region
            .map_or_else(|| region_of(regions, &app.region_code), Ok),
        environments: environments
            .map(|each| environments::list::summary(ctx, each))
            .collect(),
    }
}

/// One app.
pub async fn get(ctx: &Ctx, subdomain: &Subdomain) -> Result<AppDetails> {
    let mut db = ctx.state.pool.acquire().await?;
    let found = access::app(&mut db, ctx, subdomain).await?;
    let (cards, runs) = environments::list::cards(ctx, &mut db, &found).await?;
    let app = &found.app;
    let region = db::regions::get(&mut db, &app.region, ctx.now()).await?;
    let plan = db::plans::get(&mut db, &app.plan).await?;
    let on_app = operations::under_way(&runs, &[app.id.uuid()]);
    Ok(AppDetails {
        delete: found
            .may(ctx, Right::DeleteApp)
            .and(|| what_may::apps::delete(app.state, on_app.as_ref())),
        id: app.id,
        name: app.name.to_string(),
        subdomain: app.subdomain.to_string(),
        region: region.region,
        generation: app.generation,
        plan,
        state: app.state,
        created_at: app.created_at.unix_timestamp(),
        environments: cards,
        operations: operations::summaries(ctx, runs),
    })
}

/// The region of a code among these rows.
fn region_of(rows: &[RegionRow], code: &RegionCode) -> AppRegion {
    let found = rows.iter().find(|row| match &row.region {
        Ok(region) => region.code == *code,
        Err(row) => row.code == code.as_str(),
    });
    found.map_or_else(
        || Err(BadRow::missing("regions", code.as_str())),
        |row| row.region.clone(),
    )
}

/// Whether a subdomain can be had; a malformed one is refused with its rule.
pub async fn availability(ctx: &Ctx, text: &str) -> Result<Availability> {
    let subdomain = Subdomain::parse(text)?;
    let labels: Vec<String> = EnvironmentName::defaults()
        .iter()
        .map(|name| name.host_label(&subdomain))
        .collect();
    let mut db = ctx.state.pool.acquire().await?;
    let taken = db::hosts::any_taken(&mut db, &labels).await?;
    Ok(if taken {
        Availability::Taken
    } else {
        Availability::Free
    })
}
