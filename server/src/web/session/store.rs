//! Where sessions are kept: in the portal's database, under hashes of their ids.

use super::{BEFORE_SIGN_IN, COOKIE, SIGNED_IN, SignedIn};
use async_trait::async_trait;
use control::sessions::{self, Stored};
use control::state::State;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error as StoreError, Result as StoreResult};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

/// The sessions of the portal's database.
#[derive(Clone)]
pub struct Sessions(Arc<State>);

impl Sessions {
    /// The sessions of this control plane's database.
    pub fn new(control: Arc<State>) -> Self {
        Self(control)
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

    /// Who is signed in by a stored session, if it still holds.
    pub async fn signed_in(&self, id: Id) -> StoreResult<Option<SignedIn>> {
        let record = self.load(&id).await?;
        let value = record.and_then(|mut record| record.data.remove(SIGNED_IN));
        let signed_in = value.and_then(|value| serde_json::from_value::<SignedIn>(value).ok());
        Ok(signed_in.filter(|it| it.holds(self.0.now())))
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> StoreResult<()> {
        loop {
            let stored = stored(record)?;
            let created = sessions::create(&self.0, &bytes(&record.id), &stored).await;
            if created.map_err(|error| backend(&error))? {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    async fn save(&self, record: &Record) -> StoreResult<()> {
        let saved = sessions::save(&self.0, &bytes(&record.id), &stored(record)?).await;
        saved.map_err(|error| backend(&error))
    }

    async fn load(&self, id: &Id) -> StoreResult<Option<Record>> {
        let found = sessions::get(&self.0, &bytes(id))
            .await
            .map_err(|error| backend(&error))?;
        let Some(found) = found else {
            return Ok(None);
        };
        let data = serde_json::from_str(found.content.expose_secret())
            .map_err(|error| StoreError::Decode(error.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date: found.expires_at,
        }))
    }

    async fn delete(&self, id: &Id) -> StoreResult<()> {
        sessions::delete(&self.0, &bytes(id))
            .await
            .map_err(|error| backend(&error))
    }
}

fn bytes(id: &Id) -> [u8; 16] {
    id.0.to_le_bytes()
}

fn stored(record: &Record) -> StoreResult<Stored> {
    let content = serde_json::to_string(&record.data)
        .map_err(|error| StoreError::Encode(error.to_string()))?;
    Ok(Stored {
        content: SecretString::from(content),
        expires_at: record.expiry_date,
    })
}

fn backend(error: &control::error::Error) -> StoreError {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "the store of sessions failed"
    );
    StoreError::Backend(error.to_string())
}
