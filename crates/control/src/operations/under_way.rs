//! What is at work on a thing, and how the last of it ended.

use super::summary::{state, summary};
use crate::ctx::Ctx;
use crate::db;
use crate::error::Result;
use crate::model::apps::App;
use crate::model::environments::Environment;
use domain::states::OperationState;
use domain::what_may::operations::UnderWay;
use saga::run::{Run, RunState};
use sqlx::PgConnection;
use uuid::Uuid;
use views::operations::OperationSummary;

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
    let own = environment.id.uuid();
    let found = db::operations::unfinished(db, app.company, &subjects, Some(own)).await?;
    let last = found.iter().find(|run| run.subject == own).cloned();
    let runs: Vec<Run> = found
        .into_iter()
        .filter(|run| run.finished_at.is_none())
        .collect();
    let failed = |run: &Run| runs.is_empty() && state(run) == OperationState::Failed;
    let last_failure = last.filter(failed);
    let on = |subject: &Uuid| runs.iter().find(|run| run.subject == *subject);
    let unfinished = subjects.iter().find_map(on).cloned();
    Ok(Latest {
        under_way: under_way(&runs, &subjects),
        unfinished: unfinished.map(|run| summary(ctx, run)),
        last_failure: last_failure.map(|run| summary(ctx, run)),
    })
}
