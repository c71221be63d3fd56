//! Finding what somebody acts on: the one place that decides who may know of it.

use crate::ctx::Ctx;
use crate::db;
use crate::db::apps::Find;
use crate::error::{Error, Result};
use crate::model::apps::App;
use crate::model::environments::Environment;
use crate::model::usage::UsageColumns;
use domain::bad_row::BadRow;
use domain::ids::CompanyId;
use domain::names::Subdomain;
use domain::plans::Plan;
use domain::rights::{Access, Right, Target};
use domain::roles::TeamRole;
use domain::subjects::{Subject, SubjectKind};
use engine::observation::Info;
use sqlx::PgConnection;
use views::packages::PackageSummary;

/// Something that rights are about.
pub(crate) trait Resource {
    /// What decides on rights.
    fn target(&self) -> Target;
    /// What it is to operations and to the audit trail.
    fn subject(&self) -> Subject;
    /// How the audit trail names it: `Shop / Test`.
    fn label(&self) -> String;
}

/// An app that somebody may see.
pub(crate) struct FoundApp {
    pub(crate) app: App,
    pub(crate) team_role: Option<TeamRole>,
}

/// An environment that somebody may see.
pub(crate) struct FoundEnvironment {
    pub(crate) app: App,
    pub(crate) team_role: Option<TeamRole>,
    pub(crate) environment: Environment,
}

/// The company that somebody acts for.
pub(crate) struct OwnCompany {
    pub(crate) id: CompanyId,
    /// What the audit trail is to name: the company, or what is about to be made in it.
    pub(crate) label: String,
}

/// The portal as a whole, for rights that concern no company.
pub(crate) struct Installation {
    acting_for: CompanyId,
    label: String,
}

impl Installation {
    /// It, of which the audit trail is to name the part `label`.
    pub(crate) const fn new(ctx: &Ctx, label: String) -> Self {
        Self {
            acting_for: ctx.company,
            label,
        }
    }
}

impl Resource for Installation {
    fn target(&self) -> Target {
        Target::Installation
    }
    fn subject(&self) -> Subject {
        Subject::new(SubjectKind::Company, self.acting_for.uuid())
    }
    fn label(&self) -> String {
        self.label.clone()
    }
}

impl Resource for FoundApp {
    fn target(&self) -> Target {
        Target::App {
            owner: self.app.company,
            team_role: self.team_role,
        }
    }
    fn subject(&self) -> Subject {
        Subject::new(SubjectKind::App, self.app.id.uuid())
    }
    fn label(&self) -> String {
        self.app.name.to_string()
    }
}

impl Resource for FoundEnvironment {
    fn target(&self) -> Target {
        Target::Environment {
            owner: self.app.company,
            team_role: self.team_role,
        }
    }
    fn subject(&self) -> Subject {
        Subject::new(SubjectKind::Environment, self.environment.id.uuid())
    }
    fn label(&self) -> String {
        format!("{} / {}", self.app.name, self.environment.name)
    }
}

impl Resource for OwnCompany {
    fn target(&self) -> Target {
        Target::Company(self.id)
    }
    fn subject(&self) -> Subject {
        Subject::new(SubjectKind::Company, self.id.uuid())
    }
    fn label(&self) -> String {
        self.label.clone()
    }
}

impl FoundApp {
    /// Whether the actor may use a right on it.
    pub(crate) fn may(&self, ctx: &Ctx, right: Right) -> Access {
        ctx.may(right, &self.target())
    }
}

impl FoundEnvironment {
    /// Whether the actor may use a right on it.
    pub(crate) fn may(&self, ctx: &Ctx, right: Right) -> Access {
        ctx.may(right, &self.target())
    }
}

/// The app of this subdomain, if the actor may see it.
pub(crate) async fn app(
    db: &mut PgConnection,
    ctx: &Ctx,
    subdomain: &Subdomain,
) -> Result<FoundApp> {
    let (app, team_role) =
        db::apps::get_for(db, ctx.company, ctx.person(), Find::Subdomain(subdomain))
            .await?
            .ok_or(Error::NotFound)?;
    visible(ctx, app, team_role)
}

/// An app that was found, if the actor may see it.
pub(crate) fn visible(ctx: &Ctx, app: App, team_role: Option<TeamRole>) -> Result<FoundApp> {
    let found = FoundApp { app, team_role };
    match found.may(ctx, Right::ViewApp) {
        Access::Allowed => Ok(found),
        Access::Denied(_) | Access::Hidden => Err(Error::NotFound),
    }
}

/// The environment of this name in the app of this subdomain, if the actor may see it.
pub(crate) async fn environment(
    db: &mut PgConnection,
    ctx: &Ctx,
    subdomain: &Subdomain,
    slug: &str,
) -> Result<FoundEnvironment> {
    Ok(environment_page(db, ctx, subdomain, slug).await?.0)
}

/// The same, with what its page shows of what it runs and what it runs on.
pub(crate) async fn environment_page(
    db: &mut PgConnection,
    ctx: &Ctx,
    subdomain: &Subdomain,
    slug: &str,
) -> Result<(FoundEnvironment, Surroundings)> {
    let page = db::environments::page(db, ctx.company, ctx.person(), subdomain, slug)
        .await?
        .ok_or(Error::NotFound)?;
    let on = visible(ctx, page.app, page.team_role)?;
    let found = FoundEnvironment {
        app: on.app,
        team_role: on.team_role,
        environment: page.environment,
    };
    let surroundings = Surroundings {
        plan: page.plan,
        package: page.package,
        engine: page.engine,
        usage: page.usage,
    };
    Ok((found, surroundings))
}

/// What an environment runs, and what it runs on.
pub(crate) struct Surroundings {
    /// Or what is wrong with its row.
    pub(crate) plan: std::result::Result<Plan, BadRow>,
    /// The package that serves.
    pub(crate) package: Option<PackageSummary>,
    /// What its engine last told of itself.
    pub(crate) engine: Option<Info>,
    /// What was measured of its disks.
    pub(crate) usage: Option<UsageColumns>,
}
