//! Creates an app: names → roles and databases → buckets → routes → ready.
//!
//! The rows are written when the operation starts; the steps make what the rows speak of. Undoing
//! takes everything away again, the rows last, so that the names are free for another try. The
//! operation and its log stay.

use super::provisioning::{Params, percent};
use crate::db;
use crate::desired_state;
use crate::state::State;
use domain::states::AppState;
use saga::error::StepError;
use saga::saga::Saga;
use saga::step::{Step, StepContext, Undo};

/// The saga.
pub struct AppCreate;

impl Saga for AppCreate {
    const NAME: &'static str = "app_create";
    type Params = Params;
    type Context = State;

    fn steps() -> Vec<Step<Self>> {
        vec![
            Step::new(
                "names",
                "Reserve names",
                reserve_names,
                Undo::run(free_names),
            ),
            Step::new(
                "databases",
                "Roles and databases",
                make_databases,
                Undo::run(drop_databases),
            ),
            Step::new(
                "buckets",
                "File buckets",
                make_buckets,
                Undo::run(remove_buckets),
            ),
            Step::new("routes", "Routes", make_routes, Undo::run(remove_routes)),
            Step::new(
                "ready",
                "Open for use",
                open,
                Undo::none("The last step: nothing after it can fail."),
            ),
        ]
    }
}

type Call = StepContext<AppCreate>;

/// The names were reserved with the rows, in the transaction that started this.
async fn reserve_names(ctx: Call) -> Result<(), StepError> {
    let environments = ctx.params().environments(ctx.context()).await?;
    if environments.is_empty() {
        return Err(StepError::fail("The app is gone."));
    }
    for e in environments {
        ctx.log(format!(
            "{}: {}",
            e.name,
            ctx.context().config.app_url(&e.host_label)
        ))
        .await;
    }
    Ok(())
}

async fn free_names(ctx: Call) -> Result<(), StepError> {
    let (params, state) = (ctx.params(), ctx.context());
    let mut tx = state.pool.begin().await?;
    db::apps::delete(&mut tx, params.company, params.app).await?;
    db::notify::changed(&mut tx, params.company, &params.topics()).await?;
    tx.commit().await?;
    ctx.log(format!("The address “{}” is free again.", params.subdomain))
        .await;
    Ok(())
}

async fn make_databases(ctx: Call) -> Result<(), StepError> {
    let environments = ctx.params().environments(ctx.context()).await?;
    for (done, e) in environments.iter().enumerate() {
        ctx.progress(
            percent(done, environments.len()),
            &format!("Database of {}", e.name),
        )
        .await;
        ctx.params().make_database(ctx.context(), e).await?;
        ctx.log(format!("{}: database and role {}", e.name, e.database_name))
            .await;
    }
    Ok(())
}

async fn drop_databases(ctx: Call) -> Result<(), StepError> {
    for e in ctx.params().environments(ctx.context()).await? {
        ctx.params().drop_database(ctx.context(), &e).await?;
        ctx.log(format!("{}: database and role dropped", e.name))
            .await;
    }
    Ok(())
}

async fn make_buckets(ctx: Call) -> Result<(), StepError> {
    for e in ctx.params().environments(ctx.context()).await? {
        ctx.params().make_bucket(ctx.context(), &e).await?;
        ctx.log(format!("{}: bucket {}", e.name, e.id)).await;
    }
    Ok(())
}

async fn remove_buckets(ctx: Call) -> Result<(), StepError> {
    for e in ctx.params().environments(ctx.context()).await? {
        ctx.params().remove_bucket(ctx.context(), &e).await?;
        ctx.log(format!("{}: bucket removed", e.name)).await;
    }
    Ok(())
}

async fn make_routes(ctx: Call) -> Result<(), StepError> {
    for e in ctx.params().environments(ctx.context()).await? {
        desired_state::apply(ctx.context(), e.company, e.id).await?;
    }
    Ok(())
}

async fn remove_routes(ctx: Call) -> Result<(), StepError> {
    for e in ctx.params().environments(ctx.context()).await? {
        desired_state::remove(ctx.context(), &ctx.params().region, e.id).await?;
    }
    Ok(())
}

async fn open(ctx: Call) -> Result<(), StepError> {
    let (params, state) = (ctx.params(), ctx.context());
    let mut tx = state.pool.begin().await?;
    db::environments::set_provisioned(&mut tx, params.company, params.app, state.now()).await?;
    db::apps::set_state(
        &mut tx,
        params.company,
        params.app,
        AppState::Ready,
        state.now(),
    )
    .await?;
    db::notify::changed(&mut tx, params.company, &params.topics()).await?;
    tx.commit().await?;
    Ok(())
}
