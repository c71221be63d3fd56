//! What is told on the database's channels: `changes` for whoever shows runs, `sagas` for workers.

use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::saga::SagaId;

/// Tells whoever listens on `changes` that something about a run is different now.
pub(crate) async fn notify_change(
    db: &mut PgConnection,
    id: SagaId,
    scope: Uuid,
    subject: Uuid,
) -> Result<(), sqlx::Error> {
    let keys = [
        format!("operation:{id}"),
        "operations".to_owned(),
        format!("subject:{subject}"),
    ];
    let payload = json!({ "scope": scope, "keys": keys }).to_string();
    sqlx::query!("select pg_notify('changes', $1)", payload)
        .execute(db)
        .await?;
    Ok(())
}

/// Has workers look for work once the caller's transaction is committed.
pub(crate) async fn wake_workers(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_notify('sagas', '')")
        .execute(db)
        .await?;
    Ok(())
}
