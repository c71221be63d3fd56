//! The keys that id tokens are signed with.

use sqlx::PgConnection;
use time::OffsetDateTime;

/// A key, the private half as PEM: PKCS #8 for ES256, PKCS #1 for RSA.
pub(crate) struct KeyRow {
    pub(crate) kid: String,
    pub(crate) private_key_pem: String,
    pub(crate) signing: bool,
    pub(crate) created_at: OffsetDateTime,
}

/// Every key, the oldest first.
pub(crate) async fn list(db: &mut PgConnection) -> sqlx::Result<Vec<KeyRow>> {
    sqlx::query_as!(
        KeyRow,
        r#"
        select kid, private_key_pem, signing, created_at
        from mxid.keys
        order by created_at, kid
        "#,
    )
    .fetch_all(db)
    .await
}

/// Keeps other servers from changing the keys until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("lock table mxid.keys in share row exclusive mode")
        .execute(db)
        .await?;
    Ok(())
}

/// Ends the signing of the key that signs, if there is one.
pub(crate) async fn retire(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("update mxid.keys set signing = false where signing")
        .execute(db)
        .await?;
    Ok(())
}

/// Adds the key that signs.
pub(crate) async fn insert_signing(
    db: &mut PgConnection,
    kid: &str,
    private_key_pem: &str,
    at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into mxid.keys (kid, private_key_pem, signing, created_at)
        values ($1, $2, true, $3)
        "#,
        kid,
        private_key_pem,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}
