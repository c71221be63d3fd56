//! Server-side sessions: who is signed in, since when, and until when.
//!
//! A session ends after eight idle hours, and after a day in any case; what counts as use is the
//! guard's to say. The cookie carries a random id and nothing else.

pub mod store;

use crate::web::layers::session_guard;
use axum::extract::{Request, State as Extracted};
use axum::middleware::Next;
use axum::response::Response;
use control::people::Person;
use control::state::State;
use domain::ids::PersonId;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use tower_sessions::session::Error;
use tower_sessions::{Expiry, Session};
use uuid::Uuid;

/// The name of the cookie.
pub const COOKIE: &str = "__Host-portal";
const SIGNED_IN: &str = "signed_in";
const IDLE: Duration = Duration::hours(8);
const ABSOLUTE: Duration = Duration::hours(24);
const BEFORE_SIGN_IN: Duration = Duration::minutes(15);
/// A session that was seen this recently is not written again.
const FRESH: Duration = Duration::minutes(1);

/// Who is signed in, as the session says.
#[derive(Serialize, Deserialize)]
pub struct SignedIn {
    person: Uuid,
    /// The generation of the person's sessions that this one is of.
    #[serde(default)]
    pub generation: i32,
    at: i64,
    seen_at: i64,
    id_token: String,
}

impl SignedIn {
    /// The person.
    pub const fn person(&self) -> PersonId {
        PersonId::new(self.person)
    }

    fn holds(&self, now: OffsetDateTime) -> bool {
        let now = now.unix_timestamp();
        now - self.at < ABSOLUTE.whole_seconds() && now - self.seen_at < IDLE.whole_seconds()
    }

    /// How long it holds when nobody comes any more.
    fn left(&self, now: OffsetDateTime) -> Duration {
        let now = now.unix_timestamp();
        let idle = IDLE - Duration::seconds(now - self.seen_at);
        idle.min(ABSOLUTE - Duration::seconds(now - self.at))
    }
}

/// Turns the session of someone who has just signed in into that person's, under a new id.
pub async fn begin(
    session: &Session,
    person: &Person,
    id_token: String,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let at = now.unix_timestamp();
    session.clear().await;
    session.cycle_id().await?;
    session
        .insert(
            SIGNED_IN,
            SignedIn {
                person: person.id.uuid(),
                generation: person.session_generation,
                at,
                seen_at: at,
                id_token,
            },
        )
        .await
}

/// Who is signed in; a session that has run out is ended here.
pub async fn signed_in(session: &Session, now: OffsetDateTime) -> Result<Option<SignedIn>, Error> {
    let Some(signed_in) = session.get::<SignedIn>(SIGNED_IN).await? else {
        return Ok(None);
    };
    if !signed_in.holds(now) {
        session.flush().await?;
        return Ok(None);
    }
    Ok(Some(signed_in))
}

/// Notes that the session is in use; its idle hours begin anew.
pub async fn renew(session: &Session, now: OffsetDateTime) -> Result<(), Error> {
    let Some(mut signed_in) = session.get::<SignedIn>(SIGNED_IN).await? else {
        return Ok(());
    };
    if now.unix_timestamp() - signed_in.seen_at >= FRESH.whole_seconds() {
        signed_in.seen_at = now.unix_timestamp();
        session.insert(SIGNED_IN, signed_in).await?;
    }
    Ok(())
}

/// Gives a session that was written its end, whatever was written: a sign-in that is begun in a second tab does not
/// shorten the session of the first. Then keeps it, and says so where that cannot be done.
pub async fn set_end(
    Extracted(control): Extracted<Arc<State>>,
    session: Session,
    request: Request,
    next: Next,
) -> Response {
    let asked = (request.headers().clone(), request.extensions().clone());
    let response = next.run(request).await;
    if session.is_modified() {
        let now = control.now();
        let signed_in = session.get::<SignedIn>(SIGNED_IN).await.ok().flatten();
        let left = signed_in.map_or(BEFORE_SIGN_IN, |it| it.left(now));
        session.set_expiry(Some(Expiry::AtDateTime(now + left)));
        if !session.is_empty().await
            && !response.status().is_server_error()
            && let Err(error) = session.save().await
        {
            return session_guard::unavailable(&asked.0, &asked.1, &error);
        }
    }
    response
}

/// Ends the session, on the server too; hands back the id token that it was begun with.
pub async fn end(session: &Session) -> Result<Option<SecretString>, Error> {
    let signed_in = session.get::<SignedIn>(SIGNED_IN).await?;
    session.flush().await?;
    Ok(signed_in
        .map(|it| SecretString::from(it.id_token))
        .filter(|token| !token.expose_secret().is_empty()))
}
