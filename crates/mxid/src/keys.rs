//! The keys that sign id tokens: RS256, 2048 bits, made at the first start.
//!
//! The private half is kept as PEM in the provider's own table; who can read that table can sign.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use openidconnect::core::{CoreJsonWebKeySet, CoreRsaPrivateSigningKey};
use openidconnect::{JsonWebKeyId, JsonWebKeySet, PrivateSigningKey};
use rsa::RsaPrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::SetUpError;
use crate::db;
use crate::db::keys::KeyRow;
use crate::device::Devices;
use crate::provider::Provider;

const BITS: usize = 2048;

/// The key that signs, the public halves of all, and what is derived from the one that signs.
pub(crate) struct Keys {
    pub(crate) signing: CoreRsaPrivateSigningKey,
    pub(crate) public: CoreJsonWebKeySet,
    pub(crate) devices: Devices,
}

impl Keys {
    /// Reads the keys; makes the first one when there is none.
    pub(crate) async fn load(pool: &PgPool, now: OffsetDateTime) -> Result<Self, SetUpError> {
        let mut db = pool.acquire().await?;
        let mut rows = db::keys::list(&mut db).await?;
        if !rows.iter().any(|row| row.signing) {
            let pem = tokio::task::spawn_blocking(generate)
                .await
                .map_err(|error| SetUpError::Key(error.to_string()))??;
            db::keys::insert_signing(&mut db, &Uuid::new_v4().to_string(), &pem, now).await?;
            rows = db::keys::list(&mut db).await?;
        }
        let public = rows
            .iter()
            .map(|row| Ok(parse(row)?.as_verification_key()))
            .collect::<Result<Vec<_>, SetUpError>>()?;
        let signing = rows
            .iter()
            .find(|row| row.signing)
            .ok_or_else(|| SetUpError::Key("there is none".to_owned()))?;
        Ok(Self {
            signing: parse(signing)?,
            public: JsonWebKeySet::new(public),
            devices: Devices::new(&signing.private_key_pem),
        })
    }
}

/// The public keys, as a JWK set.
pub(crate) async fn get(State(provider): State<Arc<Provider>>) -> Json<CoreJsonWebKeySet> {
    Json(provider.keys.public.clone())
}

fn generate() -> Result<String, SetUpError> {
    let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS)
        .map_err(|error| SetUpError::Key(error.to_string()))?;
    let pem = key
        .to_pkcs1_pem(LineEnding::LF)
        .map_err(|error| SetUpError::Key(error.to_string()))?;
    Ok(pem.to_string())
}

fn parse(row: &KeyRow) -> Result<CoreRsaPrivateSigningKey, SetUpError> {
    CoreRsaPrivateSigningKey::from_pem(
        &row.private_key_pem,
        Some(JsonWebKeyId::new(row.kid.clone())),
    )
    .map_err(SetUpError::Key)
}
