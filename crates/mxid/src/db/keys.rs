//! The keys that id tokens are signed with.

use sqlx::PgConnection;
use time::OffsetDateTime;

/// A key, the private half as PEM (PKCS #1).
pub(crate) struct KeyRow {
    pub(crate) kid: String,
    pub(crate) private_key_pem: String,
    pub(crate) signing: bool,
}

/// Every key, the signing one first.
pub(crate) async fn list(db: &mut PgConnection) -> sqlx::Result<Vec<KeyRow>> {
    sqlx::query_as!(
        KeyRow,
        r#"
        select kid, private_key_pem, signing
        from mxid.keys
        order by signing desc, created_at desc, kid
        "#,
    )
    .fetch_all(db)
    .await
}

/// Adds a signing key unless there is one: of two servers starting at once, one wins.
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
        on conflict do nothing
        "#,
        kid,
        private_key_pem,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}
