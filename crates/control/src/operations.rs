//! Operations: everything that takes longer than a request, as people watch it.
//!
//! An operation is a saga run; what belongs to the saga stays in the `saga` crate, this module
//! says who may see and cancel it and puts it into words.

use crate::access::Resource;
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::db::operations::Asked;
use crate::error::{Error, Result};
use crate::model::apps::App;
use crate::model::environments::Environment;
use crate::page::{self, PAGE};
use crate::sagas::app_delete::AppDelete;
use crate::state::State;
use domain::actors::Actor;
use domain::ids::{CompanyId, OperationId};
use domain::rights::{Access, Right, Target};
use domain::states::OperationState;
use domain::subjects::{Subject, SubjectKind};
use domain::topics::Topic;
use domain::what_may;
use domain::what_may::operations::UnderWay;
use saga::error::StartError;
use saga::lock::Lock;
use saga::run::{Filter, Position, Run, RunState, StepRow, StepState};
use saga::saga::{NewSaga, Saga, SagaId, Starter};
use serde_json::json;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;
use views::operations::{LogEntry, OperationDetails, OperationSummary, Phase, PhaseState};
use views::page::Page;

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
    let ids = db::operations::visible(&mut db, ctx, asked, PAGE + 1).await?;
    let runs = saga::store::by_ids(&mut db, ctx.company.uuid(), &ids).await?;
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
    let log = saga::store::log(&mut db, company, saga_id, 0).await?;
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
        app: subject.app,
        environment: subject.environment,
        summary: summary(ctx, run),
    })
}

/// Asks the worker to cancel; it acknowledges between steps and then undoes what was done.
pub async fn cancel(ctx: &Ctx, id: OperationId) -> Result<()> {
    let found = found(ctx, id).await?;
    let mut change = Change::begin(ctx, control_right(&found.target), &found).await?;
    Error::unless_possible(&possible_cancel(&found.run))?;
    let (company, saga) = (ctx.company.uuid(), SagaId(id.uuid()));
    if !saga::store::request_cancel(change.db(), company, saga, ctx.now()).await? {
        return Err(Error::Conflict("It has ended already.".to_owned()));
    }
    let details = json!({ "operation": id, "asked": "cancel" });
    change.commit(details, &[Topic::Operation(id)]).await
}

/// Has the undo of a stuck operation tried once more.
pub async fn retry(ctx: &Ctx, id: OperationId) -> Result<()> {
    let found = found(ctx, id).await?;
    let mut change = Change::begin(ctx, control_right(&found.target), &found).await?;
    let retry = what_may::operations::retry(state(&found.run));
    Error::unless_possible(&retry)?;
    let (company, saga) = (ctx.company.uuid(), SagaId(id.uuid()));
    if !saga::store::resume_stuck(change.db(), company, saga, ctx.now()).await? {
        Error::unless_possible(&what_may::operations::retry(OperationState::Failed))?;
    }
    let details = json!({ "operation": id, "asked": "retry" });
    change.commit(details, &[Topic::Operation(id)]).await
}

/// An operation that somebody may see, as something that rights are about.
struct FoundOperation {
    run: Run,
    target: Target,
}

impl Resource for FoundOperation {
    fn target(&self) -> Target {
        self.target
    }
    fn subject(&self) -> Subject {
        let kind = SubjectKind::parse(&self.run.subject_kind).unwrap_or(SubjectKind::Company);
        Subject::new(kind, self.run.subject)
    }
    fn label(&self) -> String {
        self.run.title.clone()
    }
}

async fn found(ctx: &Ctx, id: OperationId) -> Result<FoundOperation> {
    let mut db = ctx.state.pool.acquire().await?;
    let run = visible(ctx, &mut db, id).await?;
    let target = db::operations::subject(&mut db, ctx, &run).await?.target;
    Ok(FoundOperation { run, target })
}

async fn visible(ctx: &Ctx, db: &mut PgConnection, id: OperationId) -> Result<Run> {
    let asked = Asked {
        only: Some(SagaId(id.uuid())),
        ..Asked::default()
    };
    let visible = db::operations::visible(db, ctx, asked, 1).await?;
    let run = saga::store::by_ids(db, ctx.company.uuid(), &visible).await?;
    run.into_iter().next().ok_or(Error::NotFound)
}

/// The right that it takes to cancel an operation on this target, or to try its undo again.
const fn control_right(target: &Target) -> Right {
    match target {
        Target::App { .. } | Target::Environment { .. } => Right::ControlOperation,
        Target::Company(_) | Target::Installation => Right::ControlCompanyOperation,
    }
}

/// Starts an operation in the caller's transaction; only one at a time works on one subject.
pub(crate) async fn start<S: Saga<Context = State>>(
    ctx: &Ctx,
    db: &mut PgConnection,
    id: SagaId,
    subject: Subject,
    title: String,
    params: &S::Params,
) -> Result<()> {
    let new = NewSaga {
        id,
        scope: ctx.company.uuid(),
        subject: saga::saga::Subject::new(subject.kind.as_str(), subject.id),
        title,
        started_by: starter(ctx),
        locks: vec![Lock::exclusive(subject.id.to_string())],
    };
    saga::store::start::<S>(db, new, params, ctx.now())
        .await
        .map_err(|error| match error {
            StartError::Busy { title, stuck, .. } => {
                Error::Conflict(UnderWay { title, stuck }.reason())
            }
            StartError::Database(error) => error.into(),
            other @ StartError::Params { .. } => Error::internal("starting an operation", other),
        })
}

fn starter(ctx: &Ctx) -> Starter {
    let name = ctx.name.clone();
    match ctx.actor {
        Actor::Person { id, .. } => Starter::Person {
            id: id.uuid(),
            name,
        },
        Actor::ApiKey { id, .. } => Starter::ApiKey {
            id: id.uuid(),
            name,
        },
        Actor::System(_) => Starter::System { name },
    }
}

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

/// Runs as pages show them.
pub(crate) fn summaries(ctx: &Ctx, runs: Vec<Run>) -> Vec<OperationSummary> {
    runs.into_iter().map(|run| summary(ctx, run)).collect()
}

fn summary(ctx: &Ctx, run: Run) -> OperationSummary {
    let now = ctx.now();
    OperationSummary {
        id: OperationId::new(run.id.0),
        state: state(&run),
        title: run.title,
        phase: run.phase,
        percent: u8::try_from(run.percent).unwrap_or(0),
        detail: run.detail,
        error: run.error,
        started_by: run.started_by,
        created_at: run.created_at.unix_timestamp(),
        finished_at: run.finished_at.map(OffsetDateTime::unix_timestamp),
        read_at: now.unix_timestamp(),
        // Of a parked run nobody is to be heard.
        silent_seconds: (run.heartbeat_at)
            .filter(|_| run.state != RunState::Waiting)
            .map(|at| (now - at).whole_seconds()),
    }
}

fn state(run: &Run) -> OperationState {
    match run.state {
        RunState::Queued | RunState::Running | RunState::Waiting if run.cancel_requested => {
            OperationState::Cancelling
        }
        RunState::Waiting if run.heartbeat_at.is_some() => OperationState::Running,
        RunState::Waiting => OperationState::Waiting,
        RunState::Queued => OperationState::Queued,
        RunState::Running => OperationState::Running,
        RunState::Unwinding => OperationState::Unwinding,
        RunState::Succeeded => OperationState::Succeeded,
        RunState::Failed => OperationState::Failed,
        RunState::Cancelled => OperationState::Cancelled,
        RunState::Stuck => OperationState::Stuck,
    }
}

/// How far a step is, in an operation that is in the state `of`.
const fn phase_state(step: StepState, of: OperationState) -> PhaseState {
    match (step, of) {
        (StepState::Pending, _) => PhaseState::Waiting,
        (StepState::Undoing, _)
        | (
            StepState::Running,
            OperationState::Unwinding | OperationState::Cancelled | OperationState::Stuck,
        ) => PhaseState::Undoing,
        (StepState::Running, _) => PhaseState::Running,
        (StepState::Done, _) => PhaseState::Done,
        (StepState::Failed | StepState::UndoFailed, _) => PhaseState::Failed,
        (StepState::Undone, _) => PhaseState::Undone,
    }
}

fn possible_cancel(run: &Run) -> Access {
    let gone = "A deletion that has begun is finished: what is gone cannot be brought back.";
    let final_because = (run.name == AppDelete::NAME).then_some(gone);
    what_may::operations::cancel(state(run), final_because)
}
