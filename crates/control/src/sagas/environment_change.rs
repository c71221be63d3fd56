//! Changes what is desired of an environment and waits until it is so.
//!
//! Steps: remember what was desired → want the new → hand it to the engine → wait until every
//! instance is as desired. When the engine cannot make it so, what was desired before is desired
//! again; instances of the old version have been serving all the while. The undo needs no engine: what
//! is written down as desired is handed over until the engine has it.

mod convergence;

use super::parts::Parts;
use crate::db;
use crate::environments::desired_change::DesiredChange;
use crate::error::Error;
use crate::model::environments::DesiredState;
use domain::ids::{CompanyId, EnvironmentId, OperationId};
use domain::states::Desired;
use domain::topics::Topic;
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
    pub(crate) change: DesiredChange,
}

impl Saga for EnvironmentChange {
    const NAME: &'static str = "environment_change";
    type Params = Params;
    type Context = Parts;

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
                convergence::wait,
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

async fn remember(ctx: Call) -> Result<DesiredState, StepError> {
    let params = ctx.params();
    let mut tx = ctx.begin().await?;
    let environment = db::environments::get(&mut tx, params.company, params.environment).await?;
    tx.commit().await?;
    Ok(DesiredState::from(&environment.ok_or(Error::NotFound)?))
}

async fn close_deployment(ctx: Call) -> Result<(), StepError> {
    end_deployment(&ctx, false).await
}

async fn want(ctx: Call) -> Result<(), StepError> {
    let old: DesiredState = ctx
        .output("remember")?
        .ok_or_else(|| StepError::fail("What was wanted before is not known."))?;
    let new = match ctx.params().change {
        DesiredChange::Deploy { package } => DesiredState {
            package: Some(package),
            desired: Desired::Running,
            ..old
        },
        DesiredChange::Start => DesiredState {
            desired: Desired::Running,
            ..old
        },
        DesiredChange::Stop => DesiredState {
            desired: Desired::Stopped,
            ..old
        },
        DesiredChange::Restart => DesiredState {
            restarts: old.restarts + 1,
            ..old
        },
        DesiredChange::Scale { scale } => DesiredState { scale, ..old },
    };
    write(&ctx, new).await
}

async fn want_the_old(ctx: Call) -> Result<(), StepError> {
    let Some(old) = ctx.output::<DesiredState>("remember")? else {
        return Ok(());
    };
    write(&ctx, old).await?;
    write_live(&ctx).await?;
    ctx.log("What was wanted before is wanted again.").await;
    ctx.check().await?;
    match apply_desired(&ctx).await {
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

async fn write(ctx: &Call, new: DesiredState) -> Result<(), StepError> {
    let params = ctx.params();
    let mut tx = ctx.begin().await?;
    db::environments::set_desired(&mut tx, params.company, params.environment, new, ctx.now())
        .await?;
    changed(&mut tx, params).await?;
    tx.commit().await?;
    Ok(())
}

/// Writes down that the package that is desired now is the one that serves.
async fn write_live(ctx: &Call) -> Result<(), StepError> {
    let params = ctx.params();
    let mut tx = ctx.begin().await?;
    db::environments::set_live(&mut tx, params.company, params.environment, ctx.now()).await?;
    tx.commit().await
}

async fn apply(ctx: Call) -> Result<i64, StepError> {
    ctx.check().await?;
    Ok(apply_desired(&ctx).await?)
}

/// Gives the engine the workload as it is desired now; its revision.
async fn apply_desired(ctx: &Call) -> Result<i64, Error> {
    let params = ctx.params();
    let parts = ctx.context();
    parts.apply(params.company, params.environment).await
}

async fn finish(ctx: Call) -> Result<(), StepError> {
    write_live(&ctx).await?;
    end_deployment(&ctx, true).await
}

async fn end_deployment(ctx: &Call, succeeded: bool) -> Result<(), StepError> {
    let params = ctx.params();
    let mut tx = ctx.begin().await?;
    if matches!(params.change, DesiredChange::Deploy { .. }) {
        let (company, id) = (params.company, params.environment);
        db::environments::set_deploying(&mut tx, company, id, None, ctx.now()).await?;
    }
    db::deployments::finish(
        &mut tx,
        params.company,
        OperationId::new(ctx.id().0),
        succeeded,
        ctx.now(),
    )
    .await?;
    changed(&mut tx, params).await?;
    tx.commit().await?;
    Ok(())
}

/// Tells the pages that show the environment, or which packages are in use.
async fn changed(db: &mut PgConnection, params: &Params) -> Result<(), StepError> {
    let (company, id) = (params.company, params.environment);
    let mut topics = vec![Topic::Apps, Topic::Environment(id)];
    topics.extend(
        db::environments::app_of(db, company, id)
            .await?
            .map(Topic::Packages),
    );
    db::notify::changed(db, company, &topics).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{DesiredChange, Params};

    /// What runs of an earlier release have stored.
    #[test]
    fn parameters_of_an_earlier_release_are_read() {
        let read = |change: &str| {
            let id = "01890a5d-ac96-774b-bcce-b302099a8057";
            let stored = format!(r#"{{"company":"{id}","environment":"{id}","change":{change}}}"#);
            serde_json::from_str::<Params>(&stored)
                .map(|params| params.change)
                .map_err(|error| format!("{stored}: {error}"))
        };
        assert_eq!(read(r#"{"kind":"start"}"#), Ok(DesiredChange::Start));
        assert_eq!(read(r#"{"kind":"stop"}"#), Ok(DesiredChange::Stop));
        assert_eq!(read(r#"{"kind":"restart"}"#), Ok(DesiredChange::Restart));
        let deploy = read(r#"{"kind":"deploy","package":"01890a5d-ac96-774b-bcce-b302099a8058"}"#);
        assert!(
            matches!(deploy, Ok(DesiredChange::Deploy { .. })),
            "{deploy:?}"
        );
        let scale = read(r#"{"kind":"scale","scale":{"instances":2,"memory_mib":1024}}"#);
        assert!(
            matches!(scale, Ok(DesiredChange::Scale { .. })),
            "{scale:?}"
        );
    }
}
