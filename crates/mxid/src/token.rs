//! The token endpoint: a client's code and its verifier for an id token and an access token.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::StringRejection;
use http::HeaderMap;
use serde_json::{Value, json};
use sqlx::PgConnection;
use time::Duration;

use crate::caller::Caller;
use crate::db;
use crate::db::codes::CodeRow;
use crate::db::events::{Event, Kind};
use crate::parameters::Parameters;
use crate::provider::Provider;
use crate::secret_token::{self, SecretToken};
use crate::token::error::TokenError;
use crate::{claims, pkce};

mod client_authentication;
mod error;

const ACCESS_TOKEN_LIFE: Duration = Duration::minutes(10);

/// Exchanges a code.
pub(crate) async fn create(
    State(provider): State<Arc<Provider>>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<String, StringRejection>,
) -> Result<Json<Value>, TokenError> {
    let body = body.map_err(|_| TokenError::InvalidRequest("The form is too long, or no text."))?;
    let form = client_authentication::form(&headers, &body)?;
    let client_id = client_authentication::check(&provider, &headers, &form)?;
    match form.once("grant_type")? {
        Some("authorization_code") => {}
        Some(_) => return Err(TokenError::UnsupportedGrantType),
        None => return Err(TokenError::InvalidRequest("grant_type is missing.")),
    }
    let hash = secret_token::hash(required(&form, "code", "code is missing.")?);
    let mut db = provider.pool.begin().await?;
    let Some(code) = db::codes::take(&mut db, &hash, client_id, provider.now()).await? else {
        revoke_reused(&mut db, &provider, &caller, &hash, client_id).await?;
        db.commit().await?;
        return Err(TokenError::InvalidGrant);
    };
    let answer = exchange(&mut db, &provider, client_id, &code, &form).await;
    db.commit().await?;
    answer
}

/// The code is used up whatever this returns.
async fn exchange(
    db: &mut PgConnection,
    provider: &Provider,
    client_id: &str,
    code: &CodeRow,
    form: &Parameters,
) -> Result<Json<Value>, TokenError> {
    let redirect_uri = required(form, "redirect_uri", "redirect_uri is missing.")?;
    let verifier = required(form, "code_verifier", "code_verifier is missing.")?;
    let now = provider.now();
    let holds = now < code.expires_at
        && code.deactivated_at.is_none()
        && redirect_uri == code.redirect_uri
        && pkce::fits(verifier, &code.code_challenge);
    if !holds {
        return Err(TokenError::InvalidGrant);
    }
    let token = SecretToken::new();
    let id_token = claims::id_token(provider, client_id, code, &token.text, now)
        .map_err(TokenError::Signing)?;
    db::access_tokens::insert(db, &token.hash, code.id, now, now + ACCESS_TOKEN_LIFE).await?;
    Ok(Json(json!({
        "access_token": token.text,
        "token_type": "Bearer",
        "expires_in": ACCESS_TOKEN_LIFE.whole_seconds(),
        "scope": code.scope,
        "id_token": id_token,
    })))
}

/// A code that comes twice was seen by somebody else: what was made from it is revoked.
async fn revoke_reused(
    db: &mut PgConnection,
    provider: &Provider,
    caller: &Caller,
    code_hash: &[u8],
    client_id: &str,
) -> sqlx::Result<()> {
    let Some((code_id, account_id)) = db::codes::used(db, code_hash, client_id).await? else {
        return Ok(());
    };
    db::access_tokens::delete_made_from(db, code_id).await?;
    let event = Event {
        kind: Kind::CodeReused,
        at: provider.now(),
        account_id: Some(account_id),
        client_id: Some(client_id),
        request_id: &caller.request_id,
        from_address: &caller.address,
    };
    db::events::insert(db, &event).await
}

fn required<'a>(
    form: &'a Parameters,
    name: &str,
    missing: &'static str,
) -> Result<&'a str, TokenError> {
    form.once(name)?.ok_or(TokenError::InvalidRequest(missing))
}
