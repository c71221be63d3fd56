//! The userinfo endpoint: what an access token opens.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use crate::caller::Caller;
use crate::db;
use crate::limits::TooOften;
use crate::pages::message;
use crate::provider::Provider;
use crate::{claims, secret_token};

/// Why nothing is told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserinfoError {
    /// There is no token, or it is not a living one.
    #[error("the access token is missing, unknown or expired")]
    InvalidToken,
    /// Too many requests.
    #[error("too many requests")]
    TooOften(TooOften),
    /// The database did not answer as expected.
    #[error("the database did not answer as expected")]
    Database(#[from] sqlx::Error),
}

/// The claims that the token's scope opens.
pub(crate) async fn get(
    State(provider): State<Arc<Provider>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Json<Map<String, Value>>, UserinfoError> {
    provider.limits.page(&caller.network)?;
    let token = bearer(&headers).ok_or(UserinfoError::InvalidToken)?;
    let mut db = provider.pool.acquire().await?;
    let holder = db::access_tokens::holder(&mut db, &secret_token::hash(token), provider.now())
        .await?
        .ok_or(UserinfoError::InvalidToken)?;
    Ok(Json(claims::of_person(
        holder.account_id,
        &holder.email,
        &holder.name,
        &holder.scope,
    )))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl From<TooOften> for UserinfoError {
    fn from(too_often: TooOften) -> Self {
        Self::TooOften(too_often)
    }
}

impl IntoResponse for UserinfoError {
    fn into_response(self) -> Response {
        match self {
            Self::InvalidToken => {
                let challenge = HeaderValue::from_static(r#"Bearer error="invalid_token""#);
                (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)]).into_response()
            }
            Self::TooOften(too_often) => message::too_often(too_often.0),
            Self::Database(_) => {
                let error: &dyn std::error::Error = &self;
                tracing::error!(error, "claims could not be read");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}
