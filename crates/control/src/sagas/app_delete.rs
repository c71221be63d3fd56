//! Deletes an app: instances → databases → buckets → packages → rows.
//!
//! Goes forward only: what is gone cannot be brought back, so no step has an undo. A deletion that
//! fails leaves the app marked as being deleted; deleting it again goes on where it stopped.

use super::provisioning::{Params, percent};
use crate::ctx::State;
use crate::db;
use saga::error::StepError;
use saga::saga::Saga;
use saga::step::{Step, StepContext, Undo};

/// The saga.
pub struct AppDelete;

const GONE: &str = "What is gone cannot be brought back.";

impl Saga for AppDelete {
    const NAME: &'static str = "app_delete";
    type Params = Params;
    type Context = State;

    fn steps() -> Vec<Step<Self>> {
        vec![
            Step::new(
                "instances",
                "Stop instances",
                stop_instances,
                Undo::none(GONE),
            ),
            Step::new(
                "databases",
                "Drop databases",
                drop_databases,
                Undo::none(GONE),
            ),
            Step::new("buckets", "Remove files", remove_buckets, Undo::none(GONE)),
            Step::new(
                "packages",
                "Remove packages",
                remove_packages,
                Undo::none(GONE),
            ),
            Step::new("names", "Free names", free_names, Undo::none(GONE)),
        ]
    }
}

type Call = StepContext<AppDelete>;

async fn stop_instances(ctx: Call) -> Result<(), StepError> {
    let environments = ctx.params().environments(ctx.context()).await?;
    for (done, e) in environments.iter().enumerate() {
        ctx.progress(
            percent(done, environments.len()),
            &format!("Stopping {}", e.name),
        )
        .await;
        super::forget(ctx.context(), e.id).await?;
        ctx.log(format!("{}: nothing runs any more", e.name)).await;
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

async fn remove_buckets(ctx: Call) -> Result<(), StepError> {
    for e in ctx.params().environments(ctx.context()).await? {
        ctx.params().remove_bucket(ctx.context(), &e).await?;
        ctx.log(format!("{}: bucket removed", e.name)).await;
    }
    Ok(())
}

async fn remove_packages(ctx: Call) -> Result<(), StepError> {
    let (params, state) = (ctx.params(), ctx.context());
    let mut db = state.pool.acquire().await?;
    let packages = db::packages::ids_of_app(&mut db, params.company, params.app).await?;
    for package in &packages {
        state.packages.remove(*package).await?;
    }
    ctx.log(format!("{} packages removed", packages.len()))
        .await;
    Ok(())
}

async fn free_names(ctx: Call) -> Result<(), StepError> {
    let (params, state) = (ctx.params(), ctx.context());
    let environments = params.environments(state).await?;
    // Once more: a reconciler may have handed a workload over while the app was being marked.
    for e in &environments {
        super::forget(state, e.id).await?;
    }
    let mut tx = state.pool.begin().await?;
    let subjects = environments.iter().map(|e| e.id.uuid());
    for subject in subjects.chain([params.app.uuid()]) {
        saga::store::give_up_stuck(&mut tx, params.company.uuid(), subject, state.now()).await?;
    }
    db::apps::delete(&mut tx, params.company, params.app).await?;
    db::notify::changed(&mut tx, params.company, &params.keys()).await?;
    tx.commit().await?;
    Ok(())
}
