//! Server-side sessions: who is signed in, since when, and until when.
//!
//! A session ends after eight idle hours, and after a day in any case; what counts as use is the
//! guard's to say. The cookie carries a random id and nothing else.

use async_trait::async_trait;
use domain::ids::PersonId;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Error, Id, Record};
use tower_sessions::session_store::Result as StoreResult;
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore};
use tower_sessions_sqlx_store::PostgresStore;
use uuid::Uuid;

/// The name of the cookie.
pub const COOKIE: &str = "__Host-portal";
const SIGNED_IN: &str = "signed_in";
const IDLE: Duration = Duration::hours(8);
const ABSOLUTE: Duration = Duration::hours(24);
const BEFORE_SIGN_IN: Duration = Duration::minutes(15);
/// A session that was seen this recently is not written again.
const FRESH: Duration = Duration::minutes(1);

/// Where sessions are kept.
#[derive(Debug, Clone)]
pub struct Sessions(PostgresStore);

impl Sessions {
    /// Sessions in the portal's database.
    pub fn new(pool: PgPool) -> Self {
        Self(PostgresStore::new(pool))
    }

    /// Makes the table when it is not there.
    pub async fn migrate(&self) -> Result<(), sqlx::Error> {
        self.0.migrate().await
    }

    /// Removes those that have ended.
    pub async fn delete_expired(&self) -> StoreResult<()> {
        tower_sessions::ExpiredDeletion::delete_expired(&self.0).await
    }

    /// The layer that gives a request its session.
    pub fn layer(&self) -> SessionManagerLayer<Self> {
        SessionManagerLayer::new(self.clone())
            .with_name(COOKIE)
            .with_secure(true)
            .with_http_only(true)
            .with_same_site(SameSite::Lax)
            .with_path("/")
            .with_expiry(Expiry::OnInactivity(BEFORE_SIGN_IN))
    }

    /// The person of a stored session, if it still holds at `now`.
    pub async fn person(&self, id: Id, now: OffsetDateTime) -> StoreResult<Option<PersonId>> {
        let record = self.0.load(&id).await?;
        let value = record.and_then(|mut record| record.data.remove(SIGNED_IN));
        let signed_in = value.and_then(|value| serde_json::from_value::<SignedIn>(value).ok());
        Ok(signed_in
            .filter(|it| it.holds(now))
            .map(|it| PersonId::new(it.person)))
    }
}

/// Saving never brings back a session that was ended meanwhile.
#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> StoreResult<()> {
        self.0.create(record).await
    }

    async fn save(&self, record: &Record) -> StoreResult<()> {
        if self.0.load(&record.id).await?.is_some() {
            self.0.save(record).await?;
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> StoreResult<Option<Record>> {
        self.0.load(id).await
    }

    async fn delete(&self, id: &Id) -> StoreResult<()> {
        self.0.delete(id).await
    }
}

#[derive(Serialize, Deserialize)]
struct SignedIn {
    person: Uuid,
    at: i64,
    seen_at: i64,
    id_token: String,
}

impl SignedIn {
    fn holds(&self, now: OffsetDateTime) -> bool {
        let now = now.unix_timestamp();
        now - self.at < ABSOLUTE.whole_seconds() && now - self.seen_at < IDLE.whole_seconds()
    }
}

/// Turns the session of someone who has just signed in into that person's, under a new id.
pub async fn begin(
    session: &Session,
    person: PersonId,
    id_token: String,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let at = now.unix_timestamp();
    session.clear().await;
    session.cycle_id().await?;
    session.set_expiry(Some(Expiry::OnInactivity(IDLE)));
    session
        .insert(
            SIGNED_IN,
            SignedIn {
                person: person.uuid(),
                at,
                seen_at: at,
                id_token,
            },
        )
        .await
}

/// The signed-in person; a session that has run out is ended here.
pub async fn person(session: &Session, now: OffsetDateTime) -> Result<Option<PersonId>, Error> {
    let Some(signed_in) = session.get::<SignedIn>(SIGNED_IN).await? else {
        return Ok(None);
    };
    if !signed_in.holds(now) {
        session.flush().await?;
        return Ok(None);
    }
    Ok(Some(PersonId::new(signed_in.person)))
}

/// Notes that the session is in use; its idle hours begin anew.
pub async fn renew(session: &Session, now: OffsetDateTime) -> Result<(), Error> {
    let Some(mut signed_in) = session.get::<SignedIn>(SIGNED_IN).await? else {
        return Ok(());
    };
    if now.unix_timestamp() - signed_in.seen_at >= FRESH.whole_seconds() {
        let left = ABSOLUTE - Duration::seconds(now.unix_timestamp() - signed_in.at);
        signed_in.seen_at = now.unix_timestamp();
        session.insert(SIGNED_IN, signed_in).await?;
        session.set_expiry(Some(Expiry::OnInactivity(left.min(IDLE))));
    }
    Ok(())
}

/// Ends the session, on the server too; hands back the id token that it was begun with.
pub async fn end(session: &Session) -> Result<Option<SecretString>, Error> {
    let signed_in = session.get::<SignedIn>(SIGNED_IN).await?;
    session.flush().await?;
    Ok(signed_in
        .map(|it| SecretString::from(it.id_token))
        .filter(|token| !token.expose_secret().is_empty()))
}
