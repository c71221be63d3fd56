//! Deleting an app: the name is typed, then everything of it goes.

use super::{AppState, permitted};
use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use crate::sagas::app_delete::AppDelete;
use domain::ids::OperationId;
use domain::names::Subdomain;
use domain::permissions::Permission;
use saga::saga::{SagaId, Subject};
use serde_json::json;
use uuid::Uuid;

/// Starts the deletion of an app. `typed_name` must be the app's name to the letter.
pub async fn delete(ctx: &Ctx, subdomain: &Subdomain, typed_name: &str) -> Result<OperationId> {
    let app = permitted(ctx, subdomain, Permission::DeleteApp, "app.delete").await?;
    if typed_name.trim() != app.name.as_str() {
        return Err(Error::invalid(
            "typed_name",
            format!(
                "Type the app's name exactly as it is written here: {}",
                app.name
            ),
        ));
    }
    let mut tx = ctx.state.pool.begin().await?;
    let operation = SagaId(Uuid::now_v7());
    crate::operations::start::<AppDelete>(
        ctx,
        &mut tx,
        operation,
        Subject::new("app", app.id.uuid()),
        format!("Delete {}", app.name),
        &app.params(),
    )
    .await?;
    db::apps::set_state(&mut tx, app.company, app.id, AppState::Deleting, ctx.now()).await?;
    crate::audit::record(
        &mut tx,
        ctx,
        "app.delete",
        app.name.as_str(),
        json!({ "subdomain": app.subdomain }),
    )
    .await?;
    db::notify::changed(
        &mut tx,
        app.company,
        &["apps".to_owned(), format!("app:{}", app.subdomain)],
    )
    .await?;
    tx.commit().await?;
    Ok(OperationId::new(operation.0))
}
