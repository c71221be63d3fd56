//! Tells every replica what changed; delivered when the transaction commits.

use crate::error::Result;
use domain::ids::CompanyId;
use domain::topics::Topic;
use sqlx::PgConnection;

/// The channel that carries `{"scope": company, "keys": [...]}`.
pub(crate) const CHANNEL: &str = "changes";

/// Things of one company that changed together.
pub(crate) struct Changed {
    pub(crate) company: CompanyId,
    pub(crate) topics: Vec<Topic>,
}

pub(crate) async fn changed(
    db: &mut PgConnection,
    company: CompanyId,
    topics: &[Topic],
) -> Result<()> {
    let topics = topics.to_vec();
    all_changed(db, &[Changed { company, topics }]).await
}

/// Tells of several changes, in one statement.
pub(crate) async fn all_changed(db: &mut PgConnection, changes: &[Changed]) -> Result<()> {
    let payload = |changed: &Changed| {
        let keys: Vec<String> = changed.topics.iter().map(Topic::to_string).collect();
        serde_json::json!({ "scope": changed.company.uuid(), "keys": keys }).to_string()
    };
    let payloads: Vec<String> = changes.iter().map(payload).collect();
    sqlx::query!(
        "select pg_notify($1, payload) from unnest($2::text[]) as changes (payload)",
        CHANNEL,
        &payloads
    )
    .execute(db)
    .await?;
    Ok(())
}
