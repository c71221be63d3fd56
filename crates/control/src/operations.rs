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
use crate::page::{Cursor, PAGE, Page};
use crate::sagas::app_delete::AppDelete;
use crate::state::State;
use domain::actors::Actor;
use domain::ids::{CompanyId, EnvironmentId, OperationId};
use domain::rights::{Access, Right, Target};
use domain::states::OperationState;
use domain::subjects::SubjectKind;
use domain::topics::Topic;
use domain::what_may;
use domain::what_may::operations::UnderWay;
use saga::error::StartError;
use saga::lock::Lock;
use saga::run::{Filter, Position, Run, RunState, StepState};
use saga::saga::{NewSaga, Saga, SagaId, Starter};
use serde_json::json;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// An operation, in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationSummary {
    /// Its id.
    pub id: OperationId,
    /// What it does: `Create Shop`.
    pub title: String,
    /// What it works on, if that still exists and the person may see it.
    pub subject: Option<Subject>,
    /// Its state.
    pub state: OperationState,
    /// The phase it is in.
    pub phase: String,
    /// How far it is, of 100.
    pub percent: u8,
    /// What is being done right now.
    pub detail: String,
    /// Why it failed, for a person.
    pub error: Option<String>,
    /// Who started it.
    pub started_by: String,
    /// When it was started.
    pub created_at: OffsetDateTime,
    /// When it ended.
    pub finished_at: Option<OffsetDateTime>,
    /// Age of the worker's last sign of life, seconds.
    pub heartbeat_age_seconds: Option<i64>,
}

/// What an operation works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The app's subdomain.
    pub app: String,
    /// The environment's slug, if it is about one.
    pub environment: Option<String>,
}

/// An operation, for its page.
#[derive(Debug, Clone)]
pub struct OperationDetails {
    /// What the list shows.
    pub summary: OperationSummary,
    /// Its phases, in order.
    pub steps: Vec<Phase>,
    /// Its log, oldest first.
    pub log: Vec<LogEntry>,
    /// Whether the person may cancel it now.
    pub can_cancel: Access,
    /// Whether the person may have its undo tried again.
    pub can_retry: Access,
}

/// A phase of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// As a person reads it.
    pub title: String,
    /// Where it is.
    pub state: PhaseState,
    /// Why it failed.
    pub error: Option<String>,
}

/// Where a phase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseState {
    /// Not begun.
    Pending,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Done, and taken back.
    Undone,
}

/// A line of an operation's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// When.
    pub at: OffsetDateTime,
    /// What.
    pub line: String,
}

/// Operations of apps whose team the person is in, newest first.
pub async fn list(
    ctx: &Ctx,
    unfinished_only: bool,
    after: Option<Cursor>,
) -> Result<Page<OperationSummary>> {
    let after: Option<(OffsetDateTime, Uuid)> = after.map(|cursor| cursor.key()).transpose()?;
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
    let page = Page::from_rows(runs, |run| (run.created_at, run.id.0))?;
    let subjects = db::operations::subjects(&mut db, ctx, &page.items).await?;
    Ok(page.map(|run| summary(ctx, run, &subjects)))
}

/// One operation.
pub async fn get(ctx: &Ctx, id: OperationId) -> Result<OperationDetails> {
    let mut db = ctx.state.pool.acquire().await?;
    let (company, saga_id) = (ctx.company.uuid(), SagaId(id.uuid()));
    let run = visible(ctx, &mut db, id).await?;
    let subjects = db::operations::subjects(&mut db, ctx, std::slice::from_ref(&run)).await?;
    let steps = saga::store::steps(&mut db, company, saga_id).await?;
    let log = saga::store::log(&mut db, company, saga_id, 0).await?;
    Ok(OperationDetails {
        can_cancel: can_cancel(ctx, &run, &subjects),
        can_retry: can_retry(ctx, &run, &subjects),
        steps: steps
            .into_iter()
            .map(|s| Phase {
                title: s.title,
                state: phase_state(s.state),
                error: s.error,
            })
            .collect(),
        log: log
            .into_iter()
            .map(|row| LogEntry {
                at: row.at,
                line: row.line,
            })
            .collect(),
        summary: summary(ctx, run, &subjects),
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
    fn subject(&self) -> domain::subjects::Subject {
        let kind = SubjectKind::parse(&self.run.subject_kind).unwrap_or(SubjectKind::Company);
        domain::subjects::Subject::new(kind, self.run.subject)
    }
    fn label(&self) -> String {
        self.run.title.clone()
    }
}

async fn found(ctx: &Ctx, id: OperationId) -> Result<FoundOperation> {
    let mut db = ctx.state.pool.acquire().await?;
    let run = visible(ctx, &mut db, id).await?;
    let subjects = db::operations::subjects(&mut db, ctx, std::slice::from_ref(&run)).await?;
    let target = subjects.target(&run);
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

/// Starts an operation in the caller's transaction; only one at a time works on one subject.
pub(crate) async fn start<S: Saga<Context = State>>(
    ctx: &Ctx,
    db: &mut PgConnection,
    id: SagaId,
    subject: domain::subjects::Subject,
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

/// Operations under way on an app or one of its environments.
pub(crate) async fn unfinished_of(
    ctx: &Ctx,
    db: &mut PgConnection,
    app: &App,
    environments: &[EnvironmentId],
) -> Result<Vec<OperationSummary>> {
    let mut runs = Vec::new();
    let subjects = std::iter::once(app.id.uuid()).chain(environments.iter().map(|id| id.uuid()));
    for subject in subjects {
        runs.extend(saga::store::unfinished_for(&mut *db, app.company.uuid(), subject).await?);
    }
    let subjects = db::operations::subjects(db, ctx, &runs).await?;
    Ok(runs
        .into_iter()
        .map(|run| summary(ctx, run, &subjects))
        .collect())
}

/// The operation under way on an environment, and the last one if it failed.
pub(crate) struct Latest {
    pub(crate) unfinished: Option<OperationSummary>,
    pub(crate) last_failure: Option<OperationSummary>,
}

pub(crate) async fn latest_of(
    ctx: &Ctx,
    db: &mut PgConnection,
    app: &App,
    environment: &Environment,
) -> Result<Latest> {
    let filter = Filter {
        subject: Some(environment.id.uuid()),
        unfinished_only: false,
    };
    let mut runs = saga::store::list(db, app.company.uuid(), filter, None, 2).await?;
    let creating = saga::store::unfinished_for(db, app.company.uuid(), app.id.uuid()).await?;
    let subjects = db::operations::subjects(db, ctx, &runs).await?;
    let unfinished = runs
        .iter()
        .position(|run| run.finished_at.is_none())
        .map(|at| runs.remove(at))
        .or_else(|| creating.into_iter().next());
    let last_failure = runs
        .into_iter()
        .next()
        .filter(|run| unfinished.is_none() && state(run) == OperationState::Failed);
    Ok(Latest {
        unfinished: unfinished.map(|run| summary(ctx, run, &subjects)),
        last_failure: last_failure.map(|run| summary(ctx, run, &subjects)),
    })
}

fn summary(ctx: &Ctx, run: Run, subjects: &db::operations::Subjects) -> OperationSummary {
    OperationSummary {
        id: OperationId::new(run.id.0),
        subject: subjects.place(&run),
        state: state(&run),
        phase: run.phase,
        percent: u8::try_from(run.percent).unwrap_or(0),
        detail: run.detail,
        error: run.error,
        started_by: run.started_by,
        created_at: run.created_at,
        finished_at: run.finished_at,
        heartbeat_age_seconds: run.heartbeat_at.map(|at| (ctx.now() - at).whole_seconds()),
        title: run.title,
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

const fn phase_state(state: StepState) -> PhaseState {
    match state {
        StepState::Pending => PhaseState::Pending,
        StepState::Running | StepState::Undoing => PhaseState::Running,
        StepState::Done => PhaseState::Done,
        StepState::Failed | StepState::UndoFailed => PhaseState::Failed,
        StepState::Undone => PhaseState::Undone,
    }
}

fn can_cancel(ctx: &Ctx, run: &Run, subjects: &db::operations::Subjects) -> Access {
    possible_cancel(run).and(|| may_control(ctx, run, subjects))
}

fn may_control(ctx: &Ctx, run: &Run, subjects: &db::operations::Subjects) -> Access {
    let target = subjects.target(run);
    ctx.may(control_right(&target), &target)
}

/// The right that it takes to cancel an operation on this target, or to try its undo again.
const fn control_right(target: &Target) -> Right {
    match target {
        Target::App { .. } | Target::Environment { .. } => Right::ControlOperation,
        Target::Company(_) | Target::Installation => Right::ControlCompanyOperation,
    }
}

fn possible_cancel(run: &Run) -> Access {
    let gone = "A deletion that has begun is finished: what is gone cannot be brought back.";
    let final_because = (run.name == AppDelete::NAME).then_some(gone);
    what_may::operations::cancel(state(run), final_because)
}

fn can_retry(ctx: &Ctx, run: &Run, subjects: &db::operations::Subjects) -> Access {
    may_control(ctx, run, subjects).and(|| what_may::operations::retry(state(run)))
}

impl OperationSummary {
    /// It as what hinders anything else on the same thing.
    pub(crate) fn under_way(&self) -> UnderWay {
        UnderWay {
            title: self.title.clone(),
            stuck: self.state == OperationState::Stuck,
        }
    }
}

/// The operation that works on one of these things.
pub(crate) async fn under_way(
    db: &mut PgConnection,
    company: CompanyId,
    subjects: &[Uuid],
) -> Result<Option<UnderWay>> {
    for subject in subjects {
        let runs = saga::store::unfinished_for(&mut *db, company.uuid(), *subject).await?;
        if let Some(run) = runs.into_iter().next() {
            return Ok(Some(UnderWay {
                stuck: run.state == RunState::Stuck,
                title: run.title,
            }));
        }
    }
    Ok(None)
}
