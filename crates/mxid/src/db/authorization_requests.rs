//! Authorization requests that wait for a sign-in.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// What a client asked for, already checked.
pub(crate) struct AuthorizationRequestRow {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) code_challenge: String,
    pub(crate) login_hint: Option<String>,
    /// `when_needed`, `login` or `none`.
    pub(crate) prompt: String,
    pub(crate) max_age_seconds: Option<i64>,
    /// Only this account's session answers the request.
    pub(crate) hinted_account_id: Option<Uuid>,
    pub(crate) created_at: OffsetDateTime,
}

/// Keeps a request until `expires_at`.
pub(crate) async fn insert(
    db: &mut PgConnection,
    id_hash: &[u8],
    request: &AuthorizationRequestRow,
    expires_at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into mxid.authorization_requests
            (id_hash, client_id, redirect_uri, scope, state, nonce, code_challenge, login_hint,
             prompt, max_age_seconds, hinted_account_id, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        "#,
        id_hash,
        request.client_id,
        request.redirect_uri,
        request.scope,
        request.state,
        request.nonce,
        request.code_challenge,
        request.login_hint,
        request.prompt,
        request.max_age_seconds,
        request.hinted_account_id,
        request.created_at,
        expires_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Drops the oldest where more than `kept` wait.
pub(crate) async fn drop_oldest(db: &mut PgConnection, kept: i64) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        delete from mxid.authorization_requests
        where id_hash in (
            select id_hash
            from mxid.authorization_requests
            order by expires_at desc
            offset $1
        )
        "#,
        kept,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A request that has not expired.
pub(crate) async fn get(
    db: &mut PgConnection,
    id_hash: &[u8],
    at: OffsetDateTime,
) -> sqlx::Result<Option<AuthorizationRequestRow>> {
    sqlx::query_as!(
        AuthorizationRequestRow,
        r#"
        select client_id, redirect_uri, scope, state, nonce, code_challenge, login_hint,
            prompt, max_age_seconds, hinted_account_id, created_at
        from mxid.authorization_requests
        where id_hash = $1 and expires_at > $2
        "#,
        id_hash,
        at,
    )
    .fetch_optional(db)
    .await
}
