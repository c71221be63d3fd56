//! Creates an app: names → roles and databases → buckets → routes → ready.
//!
//! The rows are written when the operation starts; the steps make what the rows speak of. Undoing
//! takes everything away again, the rows last, so that the names are free for another try. The
//! operation and its log stay.

use super::parts::Parts;
use super::provisioning::{
    Params, drop_database, environments, make_bucket, make_database, percent, remove_bucket,
    remove_workload,
};
use crate::db;
use domain::states::AppState;
use saga::error::StepError;
use saga::saga::Saga;
use saga::step::{Step, StepContext, Undo};

/// The saga.
pub struct AppCreate;

impl Saga for AppCreate {
    const NAME: &'static str = "app_create";
    type Params = Params;
    type Context = Parts;

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
    let reserved = environments(&ctx).await?;
    if reserved.is_empty() {
        return Err(StepError::fail("The app is gone."));
    }
    for e in reserved {
        ctx.log(format!("{}: {}", e.name, ctx.context().url_of(&e)))
            .await;
    }
    Ok(())
}

async fn free_names(ctx: Call) -> Result<(), StepError> {
    let params = ctx.params();
    let mut tx = ctx.begin().await?;
    db::apps::delete(&mut tx, params.company, params.app).await?;
    db::notify::changed(&mut tx, params.company, &params.topics()).await?;
    tx.commit().await?;
    ctx.log(format!("The address “{}” is free again.", params.subdomain))
        .await;
    Ok(())
}

async fn make_databases(ctx: Call) -> Result<(), StepError> {
    let all = environments(&ctx).await?;
    for (done, e) in all.iter().enumerate() {
        ctx.progress(percent(done, all.len()), &format!("Database of {}", e.name))
            .await;
        make_database(&ctx, e).await?;
        ctx.log(format!("{}: database and role {}", e.name, e.database_name))
            .await;
    }
    Ok(())
}

async fn drop_databases(ctx: Call) -> Result<(), StepError> {
    for e in environments(&ctx).await? {
        drop_database(&ctx, &e).await?;
        ctx.log(format!("{}: database and role dropped", e.name))
            .await;
    }
    Ok(())
}

async fn make_buckets(ctx: Call) -> Result<(), StepError> {
    for e in environments(&ctx).await? {
        make_bucket(&ctx, &e).await?;
        ctx.log(format!("{}: bucket {}", e.name, e.id)).await;
    }
    Ok(())
}

async fn remove_buckets(ctx: Call) -> Result<(), StepError> {
    for e in environments(&ctx).await? {
        remove_bucket(&ctx, &e).await?;
        ctx.log(format!("{}: bucket removed", e.name)).await;
    }
    Ok(())
}

async fn make_routes(ctx: Call) -> Result<(), StepError> {
    for e in environments(&ctx).await? {
        ctx.check().await?;
        ctx.context().apply(e.company, e.id).await?;
    }
    Ok(())
}

async fn remove_routes(ctx: Call) -> Result<(), StepError> {
    for e in environments(&ctx).await? {
        remove_workload(&ctx, &e).await?;
    }
    Ok(())
}

async fn open(ctx: Call) -> Result<(), StepError> {
    let params = ctx.params();
    let mut tx = ctx.begin().await?;
    db::environments::set_provisioned(&mut tx, params.company, params.app, ctx.now()).await?;
    db::apps::set_state(
        &mut tx,
        params.company,
        params.app,
        AppState::Ready,
        ctx.now(),
    )
    .await?;
    db::notify::changed(&mut tx, params.company, &params.topics()).await?;
    tx.commit().await?;
    Ok(())
}
