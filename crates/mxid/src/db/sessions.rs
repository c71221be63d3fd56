//! Sign-in sessions, one per browser.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// A session of an account that may sign in.
pub(crate) struct SessionRow {
    pub(crate) account_id: Uuid,
    pub(crate) authenticated_at: OffsetDateTime,
}

/// Adds a session.
pub(crate) async fn insert(
    db: &mut PgConnection,
    id_hash: &[u8],
    account_id: Uuid,
    at: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into mxid.sessions (id_hash, account_id, authenticated_at, seen_at, expires_at)
        values ($1, $2, $3, $3, $4)
        "#,
        id_hash,
        account_id,
        at,
        expires_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Finds a session that is neither idle since `idle_since` nor past its end, and marks it as seen.
pub(crate) async fn touch(
    db: &mut PgConnection,
    id_hash: &[u8],
    idle_since: OffsetDateTime,
    at: OffsetDateTime,
) -> sqlx::Result<Option<SessionRow>> {
    sqlx::query_as!(
        SessionRow,
        r#"
        update mxid.sessions as s
        set seen_at = $3
        from mxid.accounts as a
        where s.id_hash = $1 and s.seen_at > $2 and s.expires_at > $3
            and a.id = s.account_id and a.deactivated_at is null
        returning s.account_id, s.authenticated_at
        "#,
        id_hash,
        idle_since,
        at,
    )
    .fetch_optional(db)
    .await
}

/// Ends one session, its codes and its tokens; the account, when there was such a session.
pub(crate) async fn delete(db: &mut PgConnection, id_hash: &[u8]) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        r#"
        delete from mxid.sessions
        where id_hash = $1
        returning account_id
        "#,
        id_hash,
    )
    .fetch_optional(db)
    .await
}

/// Ends every session of an account.
pub(crate) async fn delete_all(db: &mut PgConnection, account_id: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        delete from mxid.sessions
        where account_id = $1
        "#,
        account_id,
    )
    .execute(db)
    .await?;
    Ok(())
}
