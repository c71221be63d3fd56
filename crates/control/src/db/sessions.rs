//! SQL of the portal's sessions, which belong to a browser and to no company.

use crate::error::Result;
use sqlx::PgConnection;
use time::OffsetDateTime;

/// A session as it is stored.
pub(crate) struct SessionRow {
    pub(crate) sealed: Vec<u8>,
    pub(crate) expires_at: OffsetDateTime,
}

/// Adds a session; false when its key is taken.
pub(crate) async fn insert(
    db: &mut PgConnection,
    id_hash: &[u8],
    sealed: &[u8],
    expires_at: OffsetDateTime,
) -> Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into sessions (id_hash, sealed, expires_at) values ($1, $2, $3)
        on conflict on constraint sessions_pkey do nothing
        "#,
        id_hash,
        sealed,
        expires_at,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes a session that is still there.
pub(crate) async fn update(
    db: &mut PgConnection,
    id_hash: &[u8],
    sealed: &[u8],
    expires_at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "update sessions set sealed = $2, expires_at = $3 where id_hash = $1",
        id_hash,
        sealed,
        expires_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The session with this key, unless it is over.
pub(crate) async fn get(
    db: &mut PgConnection,
    id_hash: &[u8],
    at: OffsetDateTime,
) -> Result<Option<SessionRow>> {
    let row = sqlx::query_as!(
        SessionRow,
        "select sealed, expires_at from sessions where id_hash = $1 and expires_at > $2",
        id_hash,
        at,
    );
    Ok(row.fetch_optional(db).await?)
}

/// Removes a session.
pub(crate) async fn delete(db: &mut PgConnection, id_hash: &[u8]) -> Result<()> {
    sqlx::query!("delete from sessions where id_hash = $1", id_hash)
        .execute(db)
        .await?;
    Ok(())
}

/// Removes sessions that are over, at most so many; how many they were.
pub(crate) async fn delete_expired(
    db: &mut PgConnection,
    at: OffsetDateTime,
    at_most: i64,
) -> Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from sessions where id_hash in (
            select id_hash from sessions where expires_at <= $1
            order by expires_at limit $2 for update skip locked
        )
        "#,
        at,
        at_most,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
