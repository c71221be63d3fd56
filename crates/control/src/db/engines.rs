//! SQL of what engines tell of themselves.

use crate::error::{Error, Result};
use engine::observation::Info;
use sqlx::PgConnection;
use time::OffsetDateTime;

pub(crate) async fn upsert(
    db: &mut PgConnection,
    name: &str,
    info: &Info,
    at: OffsetDateTime,
) -> Result<()> {
    let info = serde_json::to_value(info)
        .map_err(|error| Error::internal("storing what an engine is", error))?;
    sqlx::query!(
        r#"
        insert into engines (name, info, told_at) values ($1, $2, $3)
        on conflict on constraint engines_pkey do update set info = excluded.info, told_at = excluded.told_at
        "#,
        name,
        info,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes down that an engine has told of its environments at this time.
pub(crate) async fn seen(db: &mut PgConnection, name: &str, at: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        r#"
        insert into engines (name, info, told_at, seen_at) values ($1, '{}', $2, $2)
        on conflict on constraint engines_pkey do update set seen_at = excluded.seen_at
        "#,
        name,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What an engine last told, and when.
pub(crate) struct EngineRow {
    pub(crate) name: String,
    /// What it is; none where this release cannot read it.
    pub(crate) info: Option<Info>,
    /// When it last told of its environments.
    pub(crate) seen_at: Option<OffsetDateTime>,
}

/// Every engine that has ever told anything.
pub(crate) async fn list(db: &mut PgConnection) -> Result<Vec<EngineRow>> {
    let rows = sqlx::query!("select name, info, seen_at from engines order by name")
        .fetch_all(db)
        .await?;
    let rows = rows.into_iter().map(|row| EngineRow {
        name: row.name,
        info: serde_json::from_value(row.info).ok(),
        seen_at: row.seen_at,
    });
    Ok(rows.collect())
}
