//! Apps: list, look at, create, delete.

pub mod create;
pub mod delete;

use crate::ctx::Ctx;
use crate::db;
use crate::environments::Accesses;
use crate::error::{Error, Result};
use crate::operations::OperationSummary;
use crate::page::{Cursor, Page};
use domain::capabilities::Generation;
use domain::ids::{AppId, CompanyId, EnvironmentId};
use domain::names::{AppName, EnvironmentName, Subdomain};
use domain::permissions::{Access, Permission, TeamRole, app_access};
use domain::plans::PlanCode;
use domain::regions::RegionCode;
use domain::states::Status;
use time::OffsetDateTime;

/// Where an app is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppState {
    /// Its databases and buckets are being made.
    Creating,
    /// In use.
    Ready,
    /// Everything of it is being taken away.
    Deleting,
}

impl AppState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Ready => "ready",
            Self::Deleting => "deleting",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Creating, Self::Ready, Self::Deleting]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

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
    /// Database connections that each environment has.
    pub fn connections(&self) -> u32 {
        self.generation
            .capabilities()
            .connections
            .for_memory(self.plan.plan().database_memory_mib)
    }
}

/// A row of the list of apps.
#[derive(Debug, Clone)]
pub struct AppSummary {
    /// The app.
    pub app: App,
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
    /// Its environments, in order.
    pub environments: Vec<EnvironmentSummary>,
    /// What the person may do.
    pub access: Accesses,
    /// Operations under way.
    pub operations: Vec<OperationSummary>,
}

impl AppDetails {
    /// Whether the person may delete the app now. A deletion that has failed is taken up by another one.
    pub fn can_delete(&self) -> Access {
        let at_work = |operation: &OperationSummary| {
            let subject = operation.subject.as_ref();
            subject.is_some_and(|subject| subject.environment.is_none())
        };
        if self.app.state == AppState::Deleting && self.operations.iter().any(at_work) {
            return Access::Denied("The app is being deleted already.".to_owned());
        }
        self.access.delete.clone()
    }
}

/// Whether a subdomain can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubdomainState {
    /// It is free; these would be the addresses of the usual environments.
    Free {
        /// One for each of Test, Acceptance, Production.
        urls: Vec<String>,
    },
    /// Somebody has it.
    Taken,
}

/// Apps whose team the person is in, by name.
pub async fn list(ctx: &Ctx, after: Option<Cursor>) -> Result<Page<AppSummary>> {
    let after: Option<(String, AppId)> = after.map(|cursor| cursor.key()).transpose()?;
    let mut db = ctx.state.pool.acquire().await?;
    let apps = db::apps::list(&mut db, ctx.actor.company, ctx.actor.person, after).await?;
    let page = Page::from_rows(apps, |app| (app.name.to_string(), app.id))?;
    let ids: Vec<AppId> = page.items.iter().map(|app| app.id).collect();
    let mut environments = db::environments::summaries(&mut db, ctx, &ids).await?;
    Ok(page.map(|app| AppSummary {
        environments: environments.remove(&app.id).unwrap_or_default(),
        app,
    }))
}

/// One app.
pub async fn get(ctx: &Ctx, subdomain: &Subdomain) -> Result<AppDetails> {
    let (app, team_role) = visible(ctx, subdomain).await?;
    let mut db = ctx.state.pool.acquire().await?;
    let mut environments = db::environments::summaries(&mut db, ctx, &[app.id]).await?;
    let ids: Vec<EnvironmentId> = environments
        .get(&app.id)
        .map(|list| list.iter().map(|e| e.id).collect())
        .unwrap_or_default();
    let operations = crate::operations::unfinished_of(ctx, &mut db, &app, &ids).await?;
    Ok(AppDetails {
        environments: environments.remove(&app.id).unwrap_or_default(),
        access: Accesses::of(ctx, &app, team_role),
        operations,
        app,
    })
}

/// Whether a subdomain can be had; a malformed one is refused with its rule.
pub async fn subdomain_state(ctx: &Ctx, text: &str) -> Result<SubdomainState> {
    let subdomain = Subdomain::parse(text)?;
    let labels: Vec<String> = EnvironmentName::defaults()
        .iter()
        .map(|name| name.host_label(&subdomain))
        .collect();
    let mut db = ctx.state.pool.acquire().await?;
    if db::apps::any_label_taken(&mut db, &labels).await? {
        return Ok(SubdomainState::Taken);
    }
    Ok(SubdomainState::Free {
        urls: labels
            .iter()
            .map(|label| ctx.state.config.app_url(label))
            .collect(),
    })
}

/// The app of this subdomain if the person may see it, with the person's role in its team.
pub(crate) async fn visible(ctx: &Ctx, subdomain: &Subdomain) -> Result<(App, TeamRole)> {
    let mut db = ctx.state.pool.acquire().await?;
    let found =
        db::apps::by_subdomain(&mut db, ctx.actor.company, ctx.actor.person, subdomain).await?;
    match found {
        Some((app, Some(team_role)))
            if app_access(
                &ctx.actor,
                app.company,
                Some(team_role),
                Permission::ViewApp,
            )
            .is_allowed() =>
        {
            Ok((app, team_role))
        }
        _ => Err(Error::NotFound),
    }
}

/// Like [`visible`], and the person may do this too; a refusal is audited.
pub(crate) async fn permitted(
    ctx: &Ctx,
    subdomain: &Subdomain,
    permission: Permission,
    action: &'static str,
) -> Result<App> {
    let (app, team_role) = visible(ctx, subdomain).await?;
    match app_access(&ctx.actor, app.company, Some(team_role), permission) {
        Access::Allowed => Ok(app),
        access => {
            crate::audit::refused(
                ctx,
                action,
                app.name.as_str(),
                &access.reason().unwrap_or_default(),
            )
            .await?;
            Error::unless_allowed(&access)?;
            Ok(app)
        }
    }
}
