//! Environments beside their app: in the list of apps, and as cards that can be deployed to.

use crate::access::FoundApp;
use crate::ctx::Ctx;
use crate::db;
use crate::error::Result;
use crate::model::environments::ListedEnvironment;
use crate::operations;
use domain::rights::Target;
use domain::what_may::environments::{Action, Facts};
use saga::run::Run;
use sqlx::PgConnection;
use uuid::Uuid;
use views::environments::{EnvironmentCard, EnvironmentSummary};

/// The environments of an app, in order, and what is under way on any of them or on the app itself.
pub(crate) async fn cards(
    ctx: &Ctx,
    db: &mut PgConnection,
    found: &FoundApp,
) -> Result<(Vec<EnvironmentCard>, Vec<Run>)> {
    let app = &found.app;
    let listed = db::environments::listed(db, app.company, app.id, ctx.now()).await?;
    let mut subjects: Vec<Uuid> = listed.iter().map(|each| each.id.uuid()).collect();
    subjects.push(app.id.uuid());
    let runs = db::operations::unfinished(db, app.company, &subjects, None).await?;
    let target = Target::Environment {
        owner: app.company,
        team_role: found.team_role,
    };
    let card = |environment: ListedEnvironment| {
        let id = environment.id.uuid();
        let facts = Facts {
            app: app.state,
            provisioned: environment.facts.provisioned,
            desired: environment.facts.desired,
            deployed: environment.facts.deployed,
            under_way: operations::under_way(&runs, &[id, app.id.uuid()]),
        };
        EnvironmentCard {
            deploy: facts.access(Action::Deploy, &ctx.actor, &target),
            environment: summary(ctx, environment),
        }
    };
    let cards = listed.into_iter().map(card).collect();
    Ok((cards, runs))
}

/// An environment as lists show it.
pub(crate) fn summary(ctx: &Ctx, environment: ListedEnvironment) -> EnvironmentSummary {
    EnvironmentSummary {
        id: environment.id,
        slug: environment.name.slug(),
        name: environment.name.to_string(),
        status: environment.facts.status(),
        url: ctx.state.config.app_url(&environment.host_label),
        package: environment.package,
        last_failure: environment.last_failure,
    }
}
