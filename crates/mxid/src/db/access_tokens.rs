//! Access tokens, each made from one code.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// The person a token speaks for, and what it may see of them.
pub(crate) struct HolderRow {
    pub(crate) account_id: Uuid,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) scope: String,
}

/// Adds a token.
pub(crate) async fn insert(
    db: &mut PgConnection,
    token_hash: &[u8],
    code_id: Uuid,
    at: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into mxid.access_tokens (token_hash, code_id, created_at, expires_at)
        values ($1, $2, $3, $4)
        "#,
        token_hash,
        code_id,
        at,
        expires_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whom a living token speaks for.
pub(crate) async fn holder(
    db: &mut PgConnection,
    token_hash: &[u8],
    at: OffsetDateTime,
) -> sqlx::Result<Option<HolderRow>> {
    sqlx::query_as!(
        HolderRow,
        r#"
        select a.id as account_id, a.email, a.name, c.scope
        from mxid.access_tokens as t
        join mxid.codes as c on c.id = t.code_id
        join mxid.sessions as s on s.id_hash = c.session_id_hash
        join mxid.accounts as a on a.id = s.account_id
        where t.token_hash = $1 and t.expires_at > $2 and a.deactivated_at is null
        "#,
        token_hash,
        at,
    )
    .fetch_optional(db)
    .await
}

/// Revokes what was made from a code.
pub(crate) async fn delete_made_from(db: &mut PgConnection, code_id: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        delete from mxid.access_tokens
        where code_id = $1
        "#,
        code_id,
    )
    .execute(db)
    .await?;
    Ok(())
}
