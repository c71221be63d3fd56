//! Deleting an app: the name is typed, then everything of it goes.

use crate::access;
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use crate::operations;
use crate::sagas::app_delete::AppDelete;
use domain::ids::OperationId;
use domain::names::Subdomain;
use domain::rights::Right;
use domain::states::AppState;
use domain::topics::Topic;
use domain::what_may;
use saga::saga::SagaId;
use serde_json::json;
use uuid::Uuid;

/// Starts the deletion of an app. `typed_name` must be the app's name to the letter.
pub async fn delete(ctx: &Ctx, subdomain: &Subdomain, typed_name: &str) -> Result<OperationId> {
    let found = access::app(&mut *ctx.state.pool.acquire().await?, ctx, subdomain).await?;
    let mut change = Change::begin(ctx, Right::DeleteApp, &found).await?;
    let app = &found.app;
    if typed_name.trim() != app.name.as_str() {
        return Err(Error::invalid(
            "typed_name",
            format!(
                "Type the app's name exactly as it is written here: {}",
                app.name
            ),
        ));
    }
    let subject = [app.id.uuid()];
    let runs = db::operations::unfinished(change.db(), app.company, &subject, None).await?;
    let under_way = operations::under_way(&runs, &subject);
    Error::unless_possible(&what_may::apps::delete(app.state, under_way.as_ref()))?;
    let operation = SagaId(Uuid::now_v7());
    operations::start::<AppDelete>(
        ctx,
        change.db(),
        operation,
        access::Resource::subject(&found),
        format!("Delete {}", app.name),
        // Nothing is made any more that could have a number of connections.
        &app.params(0),
    )
    .await?;
    db::apps::set_state(
        change.db(),
        app.company,
        app.id,
        AppState::Deleting,
        ctx.now(),
    )
    .await?;
    let topics = [Topic::Apps, Topic::App(app.id)];
    change
        .commit(json!({ "subdomain": app.subdomain }), &topics)
        .await?;
    Ok(OperationId::new(operation.0))
}
