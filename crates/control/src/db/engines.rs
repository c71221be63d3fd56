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
