//! What is at work on a thing, and how the last of it ended.

use super::summary::{state, summary};
use crate::ctx::Ctx;
use crate::db;
use crate::error::Result;
use crate::model::apps::App;
use crate::model::environments::Environment;
use domain::ids::CompanyId;
use domain::states::OperationState;
use domain::what_may::operations::UnderWay;
use saga::run::{Filter, Run, RunState};
use sqlx::PgConnection;
use uuid::Uuid;
use views::operations::OperationSummary;

/// The runs at work on any of these things, stuck ones among them, newest first.
pub(crate) async fn unfinished(
    db: &mut PgConnection,
    company: CompanyId,
    subjects: &[Uuid],
) -> Result<Vec<Run>> {
    let ids = db::operations::unfinished(db, company, subjects).await?;
    Ok(saga::store::by_ids(db, company.uuid(), &ids).await?)
}

/// What is at work on the first of `subjects` that anything is at work on.
pub(crate) fn under_way(runs: &[Run], subjects: &[Uuid]) -> Option<UnderWay> {
    let on = |subject: &Uuid| runs.iter().find(|run| run.subject == *subject);
    subjects.iter().find_map(on).map(|run| UnderWay {
        title: run.title.clone(),
        stuck: run.state == RunState::Stuck,
    })
}

/// The latest of an environment: what is under way on it or on its app, and the last one if it failed.
pub(crate) struct Latest {
    pub(crate) under_way: Option<UnderWay>,
    pub(crate) unfinished: Option<OperationSummary>,
    pub(crate) last_failure: Option<OperationSummary>,
}

pub(crate) async fn latest_of(
    ctx: &Ctx,
    db: &mut PgConnection,
    app: &App,
    environment: &Environment,
) -> Result<Latest> {
    let subjects = [environment.id.uuid(), app.id.uuid()];
    let runs = unfinished(db, app.company, &subjects).await?;
    let filter = Filter {
        subject: Some(environment.id.uuid()),
        unfinished_only: false,
    };
    let last = saga::store::list(db, app.company.uuid(), filter, None, 1).await?;
    let failed = |run: &Run| runs.is_empty() && state(run) == OperationState::Failed;
    let last_failure = last.into_iter().find(failed);
    let on = |subject: &Uuid| runs.iter().find(|run| run.subject == *subject);
    let unfinished = subjects.iter().find_map(on).cloned();
    Ok(Latest {
        under_way: under_way(&runs, &subjects),
        unfinished: unfinished.map(|run| summary(ctx, run)),
        last_failure: last_failure.map(|run| summary(ctx, run)),
    })
}
