//! Accounts: an address, a name, a hashed password.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// An account as sign-in sees it.
pub(crate) struct AccountRow {
    pub(crate) id: Uuid,
    pub(crate) password_hash: String,
    pub(crate) deactivated_at: Option<OffsetDateTime>,
}

/// A new account.
pub(crate) struct NewAccount<'a> {
    pub(crate) id: Uuid,
    pub(crate) email: &'a str,
    pub(crate) name: &'a str,
    pub(crate) password_hash: &'a str,
    pub(crate) at: OffsetDateTime,
}

/// Adds the account; false when the address has one already.
pub(crate) async fn insert(db: &mut PgConnection, new: &NewAccount<'_>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into mxid.accounts (id, email, name, password_hash, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $5)
        on conflict on constraint accounts_email_key do nothing
        "#,
        new.id,
        new.email,
        new.name,
        new.password_hash,
        new.at,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The account with this lower-cased address.
pub(crate) async fn by_email(
    db: &mut PgConnection,
    email: &str,
) -> sqlx::Result<Option<AccountRow>> {
    sqlx::query_as!(
        AccountRow,
        r#"
        select id, password_hash, deactivated_at
        from mxid.accounts
        where email = $1
        "#,
        email,
    )
    .fetch_optional(db)
    .await
}

/// The address of an account.
pub(crate) async fn email(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        r#"
        select email
        from mxid.accounts
        where id = $1
        "#,
        id,
    )
    .fetch_optional(db)
    .await
}

/// Locks an account that may sign in with the password that was compared, until the transaction ends; false when
/// it may not any more.
pub(crate) async fn lock_active(db: &mut PgConnection, account: &AccountRow) -> sqlx::Result<bool> {
    let row = sqlx::query!(
        r#"
        select id
        from mxid.accounts
        where id = $1 and deactivated_at is null and password_hash = $2
        for share
        "#,
        account.id,
        account.password_hash,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.is_some())
}

/// Replaces the password; the account's id, when there is such an account.
pub(crate) async fn update_password(
    db: &mut PgConnection,
    email: &str,
    password_hash: &str,
    at: OffsetDateTime,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        r#"
        update mxid.accounts
        set password_hash = $2, updated_at = $3
        where email = $1
        returning id
        "#,
        email,
        password_hash,
        at,
    )
    .fetch_optional(db)
    .await
}

/// Marks the account as deactivated; its id, when there is such an account.
pub(crate) async fn deactivate(
    db: &mut PgConnection,
    email: &str,
    at: OffsetDateTime,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        r#"
        update mxid.accounts
        set deactivated_at = coalesce(deactivated_at, $2), updated_at = $2
        where email = $1
        returning id
        "#,
        email,
        at,
    )
    .fetch_optional(db)
    .await
}

/// Takes the mark away; the account's id, when there is such an account.
pub(crate) async fn activate(
    db: &mut PgConnection,
    email: &str,
    at: OffsetDateTime,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        r#"
        update mxid.accounts
        set deactivated_at = null, updated_at = $2
        where email = $1
        returning id
        "#,
        email,
        at,
    )
    .fetch_optional(db)
    .await
}
