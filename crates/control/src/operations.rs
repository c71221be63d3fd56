//! Operations: everything that takes longer than a request, as people watch it.
//!
//! An operation is a saga run; what belongs to the saga stays in the `saga` crate, this module
//! says who may see and cancel it and puts it into words.

mod control;
mod start;
mod summary;
mod under_way;

pub use control::{cancel, retry};
pub(crate) use start::start;
pub(crate) use summary::summaries;
pub(crate) use under_way::{latest_of, under_way};

use crate::ctx::Ctx;
use crate::db;
use crate::db::operations::Asked;
use crate::error::{Error, Result};
use crate::page::{self, PAGE};
use control::control_right;
use domain::ids::OperationId;
use domain::what_may;
use saga::run::{Position, Run, StepRow};
use saga::saga::SagaId;
use sqlx::PgConnection;
use summary::{phase_state, possible_cancel, state, summary};
use time::OffsetDateTime;
use uuid::Uuid;
use views::operations::{LogEntry, OperationDetails, OperationSummary, Phase};
use views::page::Page;

/// Lines of a log that a page shows: its last.
const LOG_LINES: i64 = 500;

/// Operations of apps whose team the person is in, newest first.
pub async fn list(
    ctx: &Ctx,
    unfinished_only: bool,
    after: Option<String>,
) -> Result<Page<OperationSummary>> {
    let after: Option<(OffsetDateTime, Uuid)> = page::key(after)?;
    let mut db = ctx.state.pool.acquire().await?;
    let asked = Asked {
        only: None,
        unfinished: unfinished_only,
        after: after.map(|(created_at, id)| Position {
            created_at,
            id: SagaId(id),
        }),
    };
    let runs = db::operations::visible(&mut db, ctx, asked, PAGE + 1).await?;
    let page = page::of_rows(runs, |run| (run.created_at, run.id.0))?;
    Ok(page.map(|run| summary(ctx, run)))
}

/// One operation.
pub async fn get(ctx: &Ctx, id: OperationId) -> Result<OperationDetails> {
    let mut db = ctx.state.pool.acquire().await?;
    let (company, saga_id) = (ctx.company.uuid(), SagaId(id.uuid()));
    let run = visible(ctx, &mut db, id).await?;
    let subject = db::operations::subject(&mut db, ctx, &run).await?;
    let steps = saga::store::steps(&mut db, company, saga_id).await?;
    let last = saga::run_log::end(&mut db, company, saga_id).await?;
    let skipped = (last - LOG_LINES).max(0);
    let log = saga::run_log::lines(&mut db, company, saga_id, skipped, LOG_LINES).await?;
    let (now, target) = (state(&run), subject.target);
    let may = || ctx.may(control_right(&target), &target);
    let phase = |step: StepRow| Phase {
        title: step.title,
        state: phase_state(step.state, now),
        error: step.error,
    };
    Ok(OperationDetails {
        cancel: may().and(|| possible_cancel(&run)),
        retry: may().and(|| what_may::operations::retry(now)),
        phases: steps.into_iter().map(phase).collect(),
        log: log
            .into_iter()
            .map(|row| LogEntry {
                at: row.at.unix_timestamp(),
                line: row.line,
            })
            .collect(),
        log_skipped: skipped,
        app: subject.app,
        environment: subject.environment,
        summary: summary(ctx, run),
    })
}

async fn visible(ctx: &Ctx, db: &mut PgConnection, id: OperationId) -> Result<Run> {
    let asked = Asked {
        only: Some(SagaId(id.uuid())),
        ..Asked::default()
    };
    let run = db::operations::visible(db, ctx, asked, 1).await?;
    run.into_iter().next().ok_or(Error::NotFound)
}
