//! Environments beside their app: in the list of apps, and as cards that can be deployed to.

use crate::access::FoundApp;
use crate::ctx::Ctx;
use crate::db;
use crate::error::Result;
use crate::model::environments::ListedEnvironment;
use crate::operations;
use domain::ids::AppId;
use domain::rights::Target;
use domain::what_may::environments::{Action, Facts};
use saga::run::Run;
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;
use views::environments::{EnvironmentCard, EnvironmentSummary};

/// The environments of several apps, in order; the same number of queries however many they are.
pub(crate) async fn summaries(
    ctx: &Ctx,
    db: &mut PgConnection,
    apps: &[AppId],
) -> Result<HashMap<AppId, Vec<EnvironmentSummary>>> {
    let listed = db::environments::listed(db, ctx.company, apps, ctx.now()).await?;
    let mut failures = last_failures(ctx, db, &listed).await?;
    let mut summaries: HashMap<_, Vec<_>> = HashMap::new();
    for environment in listed {
        let failure = failures.remove(&environment.id.uuid());
        let of_app = summaries.entry(environment.app).or_default();
        of_app.push(summary(ctx, environment, failure));
    }
    Ok(summaries)
}

/// The environments of an app, in order, and what is under way on any of them or on the app itself.
pub(crate) async fn cards(
    ctx: &Ctx,
    db: &mut PgConnection,
    found: &FoundApp,
) -> Result<(Vec<EnvironmentCard>, Vec<Run>)> {
    let app = &found.app;
    let listed = db::environments::listed(db, app.company, &[app.id], ctx.now()).await?;
    let mut failures = last_failures(ctx, db, &listed).await?;
    let mut subjects = ids(&listed);
    subjects.push(app.id.uuid());
    let runs = operations::unfinished(db, app.company, &subjects).await?;
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
            environment: summary(ctx, environment, failures.remove(&id)),
        }
    };
    let cards = listed.into_iter().map(card).collect();
    Ok((cards, runs))
}

fn ids(listed: &[ListedEnvironment]) -> Vec<Uuid> {
    listed.iter().map(|each| each.id.uuid()).collect()
}

async fn last_failures(
    ctx: &Ctx,
    db: &mut PgConnection,
    listed: &[ListedEnvironment],
) -> Result<HashMap<Uuid, String>> {
    Ok(saga::store::last_failures(db, ctx.company.uuid(), &ids(listed)).await?)
}

fn summary(
    ctx: &Ctx,
    environment: ListedEnvironment,
    last_failure: Option<String>,
) -> EnvironmentSummary {
    EnvironmentSummary {
        id: environment.id,
        slug: environment.name.slug(),
        name: environment.name.to_string(),
        status: environment.facts.status(),
        url: ctx.state.config.app_url(&environment.host_label),
        package: environment.package,
        last_failure,
    }
}
