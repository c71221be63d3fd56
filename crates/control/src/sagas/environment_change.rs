//! Changes what is wanted of an environment and waits until it is so.
//!
//! Steps: remember what was wanted → want the new → hand it to the engine → wait until every
//! instance is as wanted. When the engine cannot make it so, what was wanted before is wanted
//! again; instances of the old version have been serving all the while.

use crate::ctx::State;
use crate::db;
use crate::db::environments::WantedState;
use crate::environments::change::Change;
use crate::error::Error;
use domain::ids::{CompanyId, EnvironmentId, OperationId};
use domain::states::Wanted;
use engine::observation::{Observation, Rollout};
use saga::error::StepError;
use saga::saga::Saga;
use saga::step::{Step, StepContext, Undo};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The saga.
pub struct EnvironmentChange;

/// What changes where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    pub(crate) company: CompanyId,
    pub(crate) environment: EnvironmentId,
    pub(crate) change: Change,
}

/// How often the engine is asked while waiting.
const ASK_EVERY: Duration = Duration::from_millis(300);

/// How long the engine may take, in askings: 15 minutes.
const PATIENCE: u32 = 3000;

/// Log lines of a failed instance that go into the operation's log.
const LOG_LINES: usize = 30;

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
                wait,
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
    hand_over(&ctx).await.map(drop)
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
    db::notify::changed(&mut tx, params.company, &keys(params)).await?;
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
    hand_over(&ctx).await
}

/// Gives the engine the workload as it is wanted now; its revision.
async fn hand_over(ctx: &Call) -> Result<i64, StepError> {
    let workload = crate::environments::workload::assemble(
        ctx.context(),
        ctx.params().company,
        ctx.params().environment,
    )
    .await?;
    ctx.context()
        .engine
        .apply(&workload)
        .await
        .map_err(Error::from)?;
    Ok(workload.revision)
}

async fn wait(ctx: Call) -> Result<(), StepError> {
    let revision: i64 = ctx.output("apply")?.unwrap_or_default();
    let mut said = String::new();
    for _ in 0..PATIENCE {
        let observation = ctx
            .context()
            .engine
            .observe(ctx.params().environment)
            .await
            .map_err(Error::from)?;
        if observation.revision >= revision && reached(&ctx, &observation, &mut said).await? {
            return Ok(());
        }
        if ctx.cancelled().await {
            return Err(StepError::cancelled());
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
    Err(StepError::fail(
        "The instances were not as wanted after 15 minutes.",
    ))
}

async fn reached(
    ctx: &Call,
    observation: &Observation,
    said: &mut String,
) -> Result<bool, StepError> {
    match &observation.rollout {
        Rollout::Settled => Ok(true),
        Rollout::Rolling { done, total, doing } => {
            let percent =
                u8::try_from(u32::from(*done) * 100 / u32::from(*total).max(1)).unwrap_or(100);
            let detail = if *total == 0 {
                doing.clone()
            } else {
                format!("{done} of {total} instances. {doing}")
            };
            if detail != *said {
                ctx.progress(percent, &detail).await;
                if !doing.is_empty() {
                    ctx.log(doing.clone()).await;
                }
                *said = detail;
            }
            Ok(false)
        }
        Rollout::Failed { reason, log } => {
            for line in log.iter().skip(log.len().saturating_sub(LOG_LINES)) {
                ctx.log(format!("│ {line}")).await;
            }
            Err(StepError::fail(reason.clone()))
        }
    }
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
    db::notify::changed(&mut tx, params.company, &keys(params)).await?;
    tx.commit().await?;
    Ok(())
}

fn keys(params: &Params) -> [String; 2] {
    [
        "apps".to_owned(),
        format!("environment:{}", params.environment),
    ]
}
