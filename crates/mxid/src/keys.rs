//! The keys that sign id tokens: ES256, made at the first start, one of which signs.
//!
//! Where another kind of key signed, a new one is made and takes its place; the old one stays published until no
//! token of it is of use. The private halves are kept as PEM in the provider's own table; who can read
//! that table can sign.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreRsaPrivateSigningKey};
use openidconnect::{JsonWebKeyId, JsonWebKeySet, PrivateSigningKey};
use sqlx::{Connection, PgConnection, PgPool};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::db::keys::KeyRow;
use crate::device::Devices;
use crate::es256::Es256Key;
use crate::provider::Provider;
use crate::{SetUpError, claims, db, session};

/// An id token is shown again at sign-out, as long as there is a session to end.
const PUBLISHED_AFTER_ROTATION: Duration = session::ABSOLUTE.saturating_add(claims::ID_TOKEN_LIFE);

/// What RSA keys of earlier installations begin with.
const RSA_PEM: &str = "-----BEGIN RSA PRIVATE KEY-----";

/// The key that signs, the public halves of all, and what is derived from the first.
pub(crate) struct Keys {
    pub(crate) signing: Es256Key,
    pub(crate) devices: Devices,
    retired: Vec<CoreJsonWebKey>,
    retired_until: OffsetDateTime,
}

impl Keys {
    /// Reads the keys; makes one that signs when there is none of its kind.
    pub(crate) async fn load(pool: &PgPool, now: OffsetDateTime) -> Result<Self, SetUpError> {
        let mut db = pool.acquire().await?;
        let mut rows = db::keys::list(&mut db).await?;
        if !rows.iter().any(signs_today) {
            rotate(&mut db, now).await?;
            rows = db::keys::list(&mut db).await?;
        }
        let missing = || SetUpError::Key("there is none".to_owned());
        let oldest = rows.first().ok_or_else(missing)?;
        let signing = rows
            .iter()
            .find(|row| signs_today(row))
            .ok_or_else(missing)?;
        let retired = rows.iter().filter(|row| !row.signing).map(public_half);
        Ok(Self {
            signing: Es256Key::from_pem(&signing.private_key_pem, signing.kid.clone())
                .map_err(SetUpError::Key)?,
            devices: Devices::new(&oldest.private_key_pem),
            retired: retired.collect::<Result<_, _>>()?,
            retired_until: signing.created_at + PUBLISHED_AFTER_ROTATION,
        })
    }

    /// The public halves of the keys whose tokens count.
    pub(crate) fn public(&self, now: OffsetDateTime) -> CoreJsonWebKeySet {
        let mut keys = vec![self.signing.as_verification_key()];
        if now < self.retired_until {
            keys.extend_from_slice(&self.retired);
        }
        JsonWebKeySet::new(keys)
    }
}

/// The public keys, as a JWK set.
pub(crate) async fn get(State(provider): State<Arc<Provider>>) -> Json<CoreJsonWebKeySet> {
    Json(provider.keys.public(provider.now()))
}

/// Makes a new key the signing one. Of two servers that start at once, the first to get here does.
async fn rotate(db: &mut PgConnection, now: OffsetDateTime) -> Result<(), SetUpError> {
    let mut db = db.begin().await?;
    db::keys::lock(&mut db).await?;
    let rows = db::keys::list(&mut db).await?;
    if !rows.iter().any(signs_today) {
        let (key, kid) = (Es256Key::generate(), Uuid::new_v4().to_string());
        let pem = key.map_err(SetUpError::Key)?;
        db::keys::retire(&mut db).await?;
        db::keys::insert_signing(&mut db, &kid, &pem, now).await?;
        tracing::info!(kid, "a new key signs id tokens from now on");
    }
    Ok(db.commit().await?)
}

fn signs_today(row: &KeyRow) -> bool {
    row.signing && !is_rsa(row)
}

fn is_rsa(row: &KeyRow) -> bool {
    row.private_key_pem.starts_with(RSA_PEM)
}

fn public_half(row: &KeyRow) -> Result<CoreJsonWebKey, SetUpError> {
    let (pem, kid) = (&row.private_key_pem, row.kid.clone());
    let public = if is_rsa(row) {
        CoreRsaPrivateSigningKey::from_pem(pem, Some(JsonWebKeyId::new(kid)))
            .map(|key| key.as_verification_key())
    } else {
        Es256Key::from_pem(pem, kid).map(|key| key.as_verification_key())
    };
    public.map_err(SetUpError::Key)
}
