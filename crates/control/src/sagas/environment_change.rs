//! Changes what is wanted of an environment and waits until it is so.
//!
//! Steps: remember what was wanted → want the new → hand it to the engine → wait until every
//! instance is as wanted. When the engine cannot make it so, what was wanted before is wanted
//! again; instances of the old version have been serving all the while. The undo needs no engine: what
//! is written down as wanted is handed over until the engine has it.

mod waiting;

use crate::ctx::State;
use crate::db;
use crate::db::environments::WantedState;
use crate::environments::change::Change;
use crate::environments::workload;
use crate::error::Error;
use domain::ids::{CompanyId, EnvironmentId, OperationId};
use domain::states::Wanted;
use saga::error::StepError;
use saga::saga::Saga;
use saga::step::{Step, StepContext, Undo};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

/// The saga.
pub struct EnvironmentChange;

/// What changes where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    pub(crate) company: CompanyId,
    pub(crate) environment: EnvironmentId,
    pub(crate) change: Change,
}

impl Saga for EnvironmentChange {
    const NAME: &'static str = "environment_change";
    type Params = Params;
    type Context = State;

    fn steps() -> Vec<Step<Self>> {
        vec![
            Step::new("remember", "Check", remember, Undo::run(close_deployment)),
            Step::new(
                "want",
                "Write down what is wanted",
                want,
                Undo::run(want_the_old),
            ),
            Step::new(
                "apply",
                "Hand over to the engine",
                apply,
                Undo::none("The undo of the step before hands over again."),
            ),
            Step::new(
                "wait",
                "Replace instances",
                waiting::wait,
                Undo::none("The engine follows what is wanted."),
            ),
            Step::new(
                "finish",
                "Finish",
                finish,
                Undo::none("The last step: nothing after it can fail."),
            ),
        ]
    }
}

type Call = StepContext<EnvironmentChange>;

async fn remember(ctx: Call) -> Result<WantedState, StepError> {
    let mut db = ctx.context().pool.acquire().await?;
    let environment =
        db::environments::by_id(&mut db, ctx.params().company, ctx.params().environment).await?;
    Ok(WantedState::from(&environment.ok_or(Error::NotFound)?))
}

async fn close_deployment(ctx: Call) -> Result<(), StepError> {
    end_deployment(&ctx, false).await
}

async fn want(ctx: Call) -> Result<(), StepError> {
    let old: WantedState = ctx
        .output("remember")?
        .ok_or_else(|| StepError::fail("What was wanted before is not known."))?;
    let new = match ctx.params().change {
        Change::Deploy { package } => WantedState {
            package: Some(package),
            wanted: Wanted::Running,
            ..old
        },
        Change::Start => WantedState {
            wanted: Wanted::Running,
            ..old
        },
        Change::Stop => WantedState {
            wanted: Wanted::Stopped,
            ..old
        },
        Change::Restart => WantedState {
            restarts: old.restarts + 1,
            ..old
        },
        Change::Scale { scale } => WantedState { scale, ..old },
    };
    write(&ctx, new).await
}

async fn want_the_old(ctx: Call) -> Result<(), StepError> {
    let Some(old) = ctx.output::<WantedState>("remember")? else {
        return Ok(());
    };
    write(&ctx, old).await?;
    write_live(&ctx).await?;
    ctx.log("What was wanted before is wanted again.").await;
    match hand_over(&ctx).await {
        Ok(_) | Err(Error::NotFound) => {}
        Err(error) => {
            tracing::warn!(
                operation = %ctx.id(),
                error = &error as &dyn std::error::Error,
                "what was wanted before was not handed over yet"
            );
            ctx.log("The engine has not taken that yet; it is given it until it has.")
                .await;
        }
    }
    Ok(())
}

async fn write(ctx: &Call, new: WantedState) -> Result<(), StepError> {
    let (params, state) = (ctx.params(), ctx.context());
    let mut tx = state.pool.begin().await?;
    db::environments::set_wanted(
        &mut tx,
        params.company,
        params.environment,
        new,
        state.now(),
    )
    .await?;
    changed(&mut tx, params).await?;
    tx.commit().await?;
    Ok(())
}

/// Writes down that the package that is wanted now is the one that serves.
async fn write_live(ctx: &Call) -> Result<(), StepError> {
    let (params, state) = (ctx.params(), ctx.context());
    let mut db = state.pool.acquire().await?;
    db::environments::set_live(&mut db, params.company, params.environment, state.now()).await?;
    Ok(())
}

async fn apply(ctx: Call) -> Result<i64, StepError> {
    Ok(hand_over(&ctx).await?)
}

/// Gives the engine the workload as it is wanted now; its revision.
async fn hand_over(ctx: &Call) -> Result<i64, Error> {
    let params = ctx.params();
    workload::hand_over(ctx.context(), params.company, params.environment).await
}

async fn finish(ctx: Call) -> Result<(), StepError> {
    write_live(&ctx).await?;
    end_deployment(&ctx, true).await
}

async fn end_deployment(ctx: &Call, succeeded: bool) -> Result<(), StepError> {
    let (params, state) = (ctx.params(), ctx.context());
    let mut tx = state.pool.begin().await?;
    db::deployments::finish(
        &mut tx,
        params.company,
        OperationId::new(ctx.id().0),
        succeeded,
        state.now(),
    )
    .await?;
    changed(&mut tx, params).await?;
    tx.commit().await?;
    Ok(())
}

/// Tells the pages that show the environment, or which packages are in use.
async fn changed(db: &mut PgConnection, params: &Params) -> Result<(), StepError> {
    let (company, id) = (params.company, params.environment);
    let mut keys = vec!["apps".to_owned(), format!("environment:{id}")];
    if let Some(environment) = db::environments::by_id(db, company, id).await?
        && let Some(app) = db::apps::by_id(db, company, environment.app).await?
    {
        keys.push(format!("packages:{}", app.subdomain));
    }
    db::notify::changed(db, company, &keys).await?;
    Ok(())
}
