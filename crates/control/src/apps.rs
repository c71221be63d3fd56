//! Apps: list, look at, create, delete.

pub mod create;
pub mod delete;

use crate::access::{self, Resource};
use crate::ctx::Ctx;
use crate::db;
use crate::environments::Accesses;
use crate::error::Result;
use crate::model::apps::App;
use crate::model::regions::RegionRow;
use crate::operations::OperationSummary;
use crate::page::{Cursor, Page};
use domain::bad_row::BadRow;
use domain::ids::{AppId, EnvironmentId};
use domain::names::{EnvironmentName, Subdomain};
use domain::plans::Plan;
use domain::regions::{Region, RegionCode};
use domain::rights::{Access, Right};
use domain::states::Status;
use domain::what_may;
use domain::what_may::operations::UnderWay;

/// A row of the list of apps.
#[derive(Debug, Clone)]
pub struct AppSummary {
    /// The app.
    pub app: App,
    /// Its region, or the row that cannot be used.
    pub region: std::result::Result<Region, BadRow>,
    /// Its environments, in order.
    pub environments: Vec<EnvironmentSummary>,
}

/// An environment in a list.
#[derive(Debug, Clone)]
pub struct EnvironmentSummary {
    /// Its id.
    pub id: EnvironmentId,
    /// Its name.
    pub name: EnvironmentName,
    /// Its place in addresses.
    pub slug: String,
    /// Its address.
    pub url: String,
    /// Its status now.
    pub status: Status,
    /// The package that serves there: `Shop 2.4.1`.
    pub package: Option<String>,
    /// The last change, if it failed: `Deploy Shop 2.4.2`.
    pub last_failure: Option<String>,
}

/// An app, for its page.
#[derive(Debug, Clone)]
pub struct AppDetails {
    /// The app.
    pub app: App,
    /// Its region, or the row that cannot be used.
    pub region: std::result::Result<Region, BadRow>,
    /// Its plan, or the row that cannot be used.
    pub plan: std::result::Result<Plan, BadRow>,
    /// Its environments, in order.
    pub environments: Vec<EnvironmentSummary>,
    /// What the person may do.
    pub access: Accesses,
    /// Operations under way.
    pub operations: Vec<OperationSummary>,
    /// Whether the person may delete the app now.
    pub can_delete: Access,
}

/// Apps whose team the person is in, by name.
pub async fn list(ctx: &Ctx, after: Option<Cursor>) -> Result<Page<AppSummary>> {
    let after: Option<(String, AppId)> = after.map(|cursor| cursor.key()).transpose()?;
    let mut db = ctx.state.pool.acquire().await?;
    let apps = db::apps::list(&mut db, ctx.company, ctx.person(), after).await?;
    let page = Page::from_rows(apps, |app| (app.name.to_string(), app.id))?;
    let ids: Vec<AppId> = page.items.iter().map(|app| app.id).collect();
    let mut environments = db::environments::summaries(&mut db, ctx, &ids).await?;
    let regions = db::regions::list(&mut db, ctx.now()).await?;
    Ok(page.map(|app| AppSummary {
        environments: environments.remove(&app.id).unwrap_or_default(),
        region: region_of(&regions, &app.region),
        app,
    }))
}

/// One app.
pub async fn get(ctx: &Ctx, subdomain: &Subdomain) -> Result<AppDetails> {
    let mut db = ctx.state.pool.acquire().await?;
    let found = access::app(&mut db, ctx, subdomain).await?;
    let app = &found.app;
    let mut environments = db::environments::summaries(&mut db, ctx, &[app.id]).await?;
    let environments = environments.remove(&app.id).unwrap_or_default();
    let region = db::regions::get(&mut db, &app.region, ctx.now())
        .await?
        .region;
    let plan = db::plans::get(&mut db, &app.plan).await?;
    let ids: Vec<EnvironmentId> = environments.iter().map(|e| e.id).collect();
    let operations = crate::operations::unfinished_of(ctx, &mut db, app, &ids).await?;
    let on_app = operations.iter().find(|operation| {
        let subject = operation.subject.as_ref();
        subject.is_some_and(|subject| subject.environment.is_none())
    });
    let under_way = on_app.map(OperationSummary::under_way);
    Ok(AppDetails {
        can_delete: can_delete(ctx, &found, under_way.as_ref()),
        access: Accesses::of(ctx, &found.target()),
        region,
        plan,
        environments,
        operations,
        app: found.app,
    })
}

/// The region of a code among these rows.
fn region_of(rows: &[RegionRow], code: &RegionCode) -> std::result::Result<Region, BadRow> {
    let found = rows.iter().find(|row| match &row.region {
        Ok(region) => region.code == *code,
        Err(row) => row.code == code.as_str(),
    });
    found.map_or_else(
        || Err(BadRow::missing("regions", code.as_str())),
        |row| row.region.clone(),
    )
}

fn can_delete(ctx: &Ctx, found: &access::FoundApp, under_way: Option<&UnderWay>) -> Access {
    found
        .may(ctx, Right::DeleteApp)
        .and(|| what_may::apps::delete(found.app.state, under_way))
}

/// Whether a subdomain is free; a malformed one is refused with its rule.
pub async fn is_subdomain_free(ctx: &Ctx, text: &str) -> Result<bool> {
    let subdomain = Subdomain::parse(text)?;
    let labels: Vec<String> = EnvironmentName::defaults()
        .iter()
        .map(|name| name.host_label(&subdomain))
        .collect();
    let mut db = ctx.state.pool.acquire().await?;
    Ok(!db::hosts::any_taken(&mut db, &labels).await?)
}
