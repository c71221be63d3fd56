//! Cancelling an operation, and trying the undo of a stuck one again.

use super::summary::{possible_cancel, state};
use super::visible;
use crate::access::Resource;
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use domain::ids::OperationId;
use domain::rights::{Right, Target};
use domain::states::OperationState;
use domain::subjects::{Subject, SubjectKind};
use domain::topics::Topic;
use domain::what_may;
use saga::run::Run;
use saga::saga::SagaId;
use serde_json::json;

/// Asks the worker to cancel; it acknowledges between steps and then undoes what was done.
pub async fn cancel(ctx: &Ctx, id: OperationId) -> Result<()> {
    let found = found(ctx, id).await?;
    let mut change = Change::begin(ctx, control_right(&found.target), &found).await?;
    Error::unless_possible(&possible_cancel(&found.run))?;
    let (company, saga) = (ctx.company.uuid(), SagaId(id.uuid()));
    if !saga::store::request_cancel(change.db(), company, saga, ctx.now()).await? {
        return Err(Error::Conflict(
            "It has ended, or is being undone already.".to_owned(),
        ));
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

/// The right that it takes to cancel an operation on this target, or to try its undo again.
pub(super) const fn control_right(target: &Target) -> Right {
    match target {
        Target::App { .. } | Target::Environment { .. } => Right::ControlOperation,
        Target::Company(_) | Target::Installation => Right::ControlCompanyOperation,
    }
}
