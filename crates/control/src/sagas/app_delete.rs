//! Deletes an app: instances → databases → buckets → packages → rows.
//!
//! Goes forward only: what is gone cannot be brought back, so no step has an undo, and each is tried
//! until it is done. A deletion that fails all the same leaves the app marked as being deleted; deleting
//! it again goes on where it stopped.

use super::parts::Parts;
use super::provisioning::{
    Params, drop_database, environments, percent, remove_bucket, remove_workload,
};
use crate::db;
use crate::model::environments::Environment;
use saga::error::StepError;
use saga::run::RunState;
use saga::saga::Saga;
use saga::step::{Step, StepContext, Undo};
use saga::store;
use saga::wait::Wait;
use time::Duration;

/// The saga.
pub struct AppDelete;

const GONE: &str = "What is gone cannot be brought back.";

/// How often changes under way are looked at while they end.
const LOOK_EVERY: Duration = Duration::milliseconds(300);

/// How long they may take to end. What they do after that is taken back by themselves.
const ENDS_WITHIN: Duration = Duration::minutes(2);

impl Saga for AppDelete {
    const NAME: &'static str = "app_delete";
    type Params = Params;
    type Context = Parts;

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
        .into_iter()
        .map(Step::until_done)
        .collect()
    }
}

type Call = StepContext<AppDelete>;

async fn stop_instances(ctx: Call) -> Result<(), StepError> {
    let all = environments(&ctx).await?;
    end_changes(&ctx, &all).await?;
    for (done, e) in all.iter().enumerate() {
        ctx.progress(percent(done, all.len()), &format!("Stopping {}", e.name))
            .await;
        remove_workload(&ctx, e).await?;
        ctx.log(format!("{}: nothing runs any more", e.name)).await;
    }
    Ok(())
}

/// Cancels the changes under way, and waits, parked, until they have ended; a stuck one does nothing any more.
async fn end_changes(ctx: &Call, environments: &[Environment]) -> Result<(), StepError> {
    let under_way = ask_to_cancel(ctx, environments).await?;
    let Some(title) = under_way.first() else {
        return Ok(());
    };
    if ctx.now() - ctx.begun_at() >= ENDS_WITHIN {
        ctx.log("A change does not end; the deletion goes on beside it.")
            .await;
        return Ok(());
    }
    let waits = format!("Waits until “{title}” has ended");
    Err(Wait::until(ctx.now() + LOOK_EVERY).saying(waits).into())
}

/// The titles of the changes that are under way still, all of them asked to cancel.
async fn ask_to_cancel(ctx: &Call, environments: &[Environment]) -> Result<Vec<String>, StepError> {
    let scope = ctx.params().company.uuid();
    let mut tx = ctx.begin().await?;
    let (mut titles, mut cancelled) = (Vec::new(), Vec::new());
    for e in environments {
        let runs = store::unfinished_for(&mut tx, scope, e.id.uuid()).await?;
        for run in runs.into_iter().filter(|run| run.state != RunState::Stuck) {
            if !run.cancel_requested {
                cancelled.push(run.title.clone());
                store::request_cancel(&mut tx, scope, run.id, ctx.now()).await?;
            }
            titles.push(run.title);
        }
    }
    tx.commit().await?;
    for title in cancelled {
        ctx.log(format!("“{title}” is cancelled")).await;
    }
    Ok(titles)
}

async fn drop_databases(ctx: Call) -> Result<(), StepError> {
    for e in environments(&ctx).await? {
        drop_database(&ctx, &e).await?;
        ctx.log(format!("{}: database and role dropped", e.name))
            .await;
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

async fn remove_packages(ctx: Call) -> Result<(), StepError> {
    let params = ctx.params();
    let mut tx = ctx.begin().await?;
    let packages = db::packages::ids_of_app(&mut tx, params.company, params.app).await?;
    // The store may take its time.
    tx.commit().await?;
    for package in &packages {
        ctx.check().await?;
        ctx.context().remove_package(*package).await?;
    }
    ctx.log(format!("{} packages removed", packages.len()))
        .await;
    Ok(())
}

async fn free_names(ctx: Call) -> Result<(), StepError> {
    let params = ctx.params();
    let all = environments(&ctx).await?;
    // Once more: a change that did not end may have handed a workload over beside the first step.
    for e in &all {
        remove_workload(&ctx, e).await?;
    }
    let mut tx = ctx.begin().await?;
    let subjects = all.iter().map(|e| e.id.uuid());
    let subjects: Vec<_> = subjects.chain([params.app.uuid()]).collect();
    store::give_up_stuck(&mut tx, params.company.uuid(), &subjects, ctx.now()).await?;
    db::apps::delete(&mut tx, params.company, params.app).await?;
    db::notify::changed(&mut tx, params.company, &params.topics()).await?;
    tx.commit().await?;
    Ok(())
}
