//! Tells every replica what changed; delivered when the transaction commits.

use crate::error::Result;
use domain::ids::CompanyId;
use domain::topics::Topic;
use sqlx::PgConnection;

/// The channel that carries `{"scope": company, "keys": [...]}`.
pub(crate) const CHANNEL: &str = "changes";

pub(crate) async fn changed(
    db: &mut PgConnection,
    company: CompanyId,
    topics: &[Topic],
) -> Result<()> {
    let keys: Vec<String> = topics.iter().map(Topic::to_string).collect();
    let payload = serde_json::json!({ "scope": company.uuid(), "keys": keys }).to_string();
    sqlx::query!("select pg_notify($1, $2)", CHANNEL, payload)
        .execute(db)
        .await?;
    Ok(())
}
