//! Accounts, as the operator makes and changes them.

use secrecy::SecretString;
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::db;
use crate::db::accounts::NewAccount;
use crate::{email, password};

/// What `create` found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// The account was made.
    New,
    /// The address has an account; it was left as it is.
    Existing,
}

/// Why an account cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The text is no email address.
    #[error("The email address is not one: write it as name@example.com.")]
    InvalidEmail,
    /// The name is empty, too long, or holds control characters.
    #[error("The name must have 1 to 200 characters and no control characters.")]
    InvalidName,
    /// The password is refused; the text says by which rule.
    #[error("{0}")]
    WeakPassword(&'static str),
    /// There is no account with this address.
    #[error("No account has this email address.")]
    NotFound,
    /// The password could not be hashed.
    #[error("{0}")]
    Hashing(String),
    /// The database did not answer as expected.
    #[error("the accounts cannot be reached")]
    Database(#[from] sqlx::Error),
}

/// Makes an account unless the address has one.
pub async fn create(
    pool: &PgPool,
    email: &str,
    name: &str,
    password: &SecretString,
    now: OffsetDateTime,
) -> Result<Created, AccountError> {
    let email = email::normalise(email).ok_or(AccountError::InvalidEmail)?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(AccountError::InvalidName);
    }
    let password_hash = checked_hash(password, &email).await?;
    let new = NewAccount {
        id: Uuid::new_v4(),
        email: &email,
        name,
        password_hash: &password_hash,
        at: now,
    };
    let inserted = db::accounts::insert(&mut *pool.acquire().await?, &new).await?;
    Ok(if inserted {
        Created::New
    } else {
        Created::Existing
    })
}

/// Replaces the password and ends the account's sessions.
pub async fn set_password(
    pool: &PgPool,
    email: &str,
    password: &SecretString,
    now: OffsetDateTime,
) -> Result<(), AccountError> {
    let email = email::normalise(email).ok_or(AccountError::NotFound)?;
    let password_hash = checked_hash(password, &email).await?;
    let mut db = pool.begin().await?;
    let id = db::accounts::update_password(&mut db, &email, &password_hash, now)
        .await?
        .ok_or(AccountError::NotFound)?;
    db::sessions::delete_all(&mut db, id).await?;
    Ok(db.commit().await?)
}

/// Bars the account from signing in and ends its sessions, codes and tokens.
pub async fn deactivate(
    pool: &PgPool,
    email: &str,
    now: OffsetDateTime,
) -> Result<(), AccountError> {
    let email = email::normalise(email).ok_or(AccountError::NotFound)?;
    let mut db = pool.begin().await?;
    let id = db::accounts::deactivate(&mut db, &email, now)
        .await?
        .ok_or(AccountError::NotFound)?;
    db::sessions::delete_all(&mut db, id).await?;
    Ok(db.commit().await?)
}

/// Ends the account's sessions, codes and tokens; whoever knows the password may sign in again.
pub async fn end_sessions(pool: &PgPool, email: &str) -> Result<(), AccountError> {
    let email = email::normalise(email).ok_or(AccountError::NotFound)?;
    let mut db = pool.acquire().await?;
    let account = db::accounts::by_email(&mut db, &email)
        .await?
        .ok_or(AccountError::NotFound)?;
    Ok(db::sessions::delete_all(&mut db, account.id).await?)
}

/// Lets a deactivated account sign in again.
pub async fn activate(pool: &PgPool, email: &str, now: OffsetDateTime) -> Result<(), AccountError> {
    let email = email::normalise(email).ok_or(AccountError::NotFound)?;
    let mut db = pool.acquire().await?;
    db::accounts::activate(&mut db, &email, now)
        .await?
        .ok_or(AccountError::NotFound)?;
    Ok(())
}

async fn checked_hash(password: &SecretString, email: &str) -> Result<String, AccountError> {
    password::check(password, email).map_err(AccountError::WeakPassword)?;
    password::hash(password.clone())
        .await
        .map_err(|error| AccountError::Hashing(error.to_string()))
}
