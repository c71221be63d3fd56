//! The provider's own sign-in session: which account this browser is signed in to.

use axum_extra::extract::cookie::Cookie;
use http::HeaderValue;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::caller::Caller;
use crate::cookie;
use crate::db;
use crate::secret_token::{self, SecretToken};

/// The cookie's name.
pub(crate) const COOKIE: &str = "__Host-mxid";

const IDLE: Duration = Duration::hours(2);
pub(crate) const ABSOLUTE: Duration = Duration::hours(12);

/// A living session.
pub(crate) struct Session {
    pub(crate) id_hash: [u8; 32],
    pub(crate) account_id: Uuid,
    pub(crate) authenticated_at: OffsetDateTime,
}

/// The caller's session, when it lives.
pub(crate) async fn find(
    db: &mut PgConnection,
    caller: &Caller,
    now: OffsetDateTime,
) -> sqlx::Result<Option<Session>> {
    let Some(token) = &caller.session_token else {
        return Ok(None);
    };
    let id_hash = secret_token::hash(token);
    let row = db::sessions::touch(db, &id_hash, now - IDLE, now).await?;
    Ok(row.map(|row| Session {
        id_hash,
        account_id: row.account_id,
        authenticated_at: row.authenticated_at,
    }))
}

/// Starts a session under a new id, and ends the one that the browser had.
pub(crate) async fn begin(
    db: &mut PgConnection,
    caller: &Caller,
    account_id: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<SecretToken> {
    if let Some(token) = &caller.session_token {
        db::sessions::delete(db, &secret_token::hash(token)).await?;
    }
    let token = SecretToken::new();
    db::sessions::insert(db, &token.hash, account_id, now, now + ABSOLUTE).await?;
    Ok(token)
}

/// The header value that hands the session to the browser.
pub(crate) fn cookie(token: &SecretToken) -> HeaderValue {
    cookie::header(Cookie::new(COOKIE, token.text.clone()))
}

/// The header value that takes the session from the browser.
pub(crate) fn ended_cookie() -> HeaderValue {
    let mut cookie = Cookie::new(COOKIE, "");
    cookie.set_max_age(Duration::ZERO);
    cookie::header(cookie)
}
