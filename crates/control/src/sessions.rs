//! Sessions of browsers at rest: who reads the table can use none of them.
//!
//! The browser's id is the only key: its SHA-256 finds the row, and a second hash of it opens the content.

use crate::db;
use crate::error::Result;
use crate::secrets::Secrets;
use crate::state::State;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

/// Expired rows that one statement removes.
const BATCH: u16 = 1000;
const OWNER: &str = "session";

/// What a session holds.
pub struct Stored {
    /// Its content.
    pub content: SecretString,
    /// When it is over.
    pub expires_at: OffsetDateTime,
}

/// Adds a session under an id; false when the id is taken.
pub async fn create(state: &State, id: &[u8], session: &Stored) -> Result<bool> {
    let sealed = seal(id, &session.content)?;
    let mut db = state.pool.acquire().await?;
    db::sessions::insert(&mut db, &key(id), &sealed, session.expires_at).await
}

/// Writes a session anew; one that has been ended stays ended.
pub async fn save(state: &State, id: &[u8], session: &Stored) -> Result<()> {
    let sealed = seal(id, &session.content)?;
    let mut db = state.pool.acquire().await?;
    db::sessions::update(&mut db, &key(id), &sealed, session.expires_at).await
}

/// The session, unless it is over.
pub async fn get(state: &State, id: &[u8]) -> Result<Option<Stored>> {
    let mut db = state.pool.acquire().await?;
    let Some(row) = db::sessions::get(&mut db, &key(id), state.now()).await? else {
        return Ok(None);
    };
    Ok(Some(Stored {
        content: secrets(id).open(&row.sealed, OWNER)?,
        expires_at: row.expires_at,
    }))
}

/// Ends a session.
pub async fn delete(state: &State, id: &[u8]) -> Result<()> {
    let mut db = state.pool.acquire().await?;
    db::sessions::delete(&mut db, &key(id)).await
}

/// Removes the sessions that are over, some at a time.
pub async fn delete_expired(state: &State) -> Result<()> {
    loop {
        let mut db = state.pool.acquire().await?;
        let removed = db::sessions::delete_expired(&mut db, state.now(), BATCH.into()).await?;
        if removed < u64::from(BATCH) {
            return Ok(());
        }
    }
}

fn key(id: &[u8]) -> [u8; 32] {
    hash(b"id", id)
}

fn secrets(id: &[u8]) -> Secrets {
    Secrets::new(&hash(b"content", id))
}

/// Two hashes of one id that tell nothing of each other.
fn hash(purpose: &[u8], id: &[u8]) -> [u8; 32] {
    let hash = Sha256::new_with_prefix(b"portal session ");
    hash.chain_update(purpose)
        .chain_update([0])
        .chain_update(id)
        .finalize()
        .into()
}

fn seal(id: &[u8], content: &SecretString) -> Result<Vec<u8>> {
    secrets(id).seal(content, OWNER)
}
