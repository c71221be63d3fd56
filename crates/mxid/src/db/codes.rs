//! Authorization codes.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// A new code.
pub(crate) struct NewCode<'a> {
    pub(crate) code_hash: &'a [u8],
    pub(crate) session_id_hash: &'a [u8],
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) code_challenge: &'a str,
    pub(crate) at: OffsetDateTime,
    pub(crate) expires_at: OffsetDateTime,
}

/// A code that was just used for the first time, with the person it speaks for.
pub(crate) struct CodeRow {
    pub(crate) id: Uuid,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) nonce: Option<String>,
    pub(crate) code_challenge: String,
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) authenticated_at: OffsetDateTime,
    pub(crate) account_id: Uuid,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) deactivated_at: Option<OffsetDateTime>,
}

/// Adds a code.
pub(crate) async fn insert(db: &mut PgConnection, new: &NewCode<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into mxid.codes
            (id, code_hash, session_id_hash, client_id, redirect_uri, scope, nonce, code_challenge,
             created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        Uuid::new_v4(),
        new.code_hash,
        new.session_id_hash,
        new.client_id,
        new.redirect_uri,
        new.scope,
        new.nonce,
        new.code_challenge,
        new.at,
        new.expires_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Marks a client's code as used and returns it; nothing when it is unknown or was used before.
pub(crate) async fn take(
    db: &mut PgConnection,
    code_hash: &[u8],
    client_id: &str,
    at: OffsetDateTime,
) -> sqlx::Result<Option<CodeRow>> {
    sqlx::query_as!(
        CodeRow,
        r#"
        update mxid.codes as c
        set used_at = $3
        from mxid.sessions as s
        join mxid.accounts as a on a.id = s.account_id
        where c.code_hash = $1 and c.client_id = $2 and c.used_at is null
            and s.id_hash = c.session_id_hash
        returning c.id, c.redirect_uri, c.scope, c.nonce, c.code_challenge, c.expires_at,
            s.authenticated_at, a.id as account_id, a.email, a.name, a.deactivated_at
        "#,
        code_hash,
        client_id,
        at,
    )
    .fetch_optional(db)
    .await
}

/// A code that the client has used before, with its account.
pub(crate) async fn used(
    db: &mut PgConnection,
    code_hash: &[u8],
    client_id: &str,
) -> sqlx::Result<Option<(Uuid, Uuid)>> {
    let row = sqlx::query!(
        r#"
        select c.id, s.account_id
        from mxid.codes as c
        join mxid.sessions as s on s.id_hash = c.session_id_hash
        where c.code_hash = $1 and c.client_id = $2 and c.used_at is not null
        "#,
        code_hash,
        client_id,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.id, row.account_id)))
}
