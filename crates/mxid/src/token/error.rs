//! Errors of the token endpoint, as OAuth 2.0 names them. They say as little as they may.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::parameters::Repeated;

/// Why no token is given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// The request is malformed.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// The client is not who it says.
    #[error("The client could not be authenticated.")]
    InvalidClient,
    /// The code is unknown, used, expired, another client's, or its proofs do not fit.
    #[error("The code cannot be exchanged.")]
    InvalidGrant,
    /// Only codes are exchanged.
    #[error("grant_type must be authorization_code.")]
    UnsupportedGrantType,
    /// The id token could not be signed.
    #[error("the id token could not be signed: {0}")]
    Signing(String),
    /// The database did not answer as expected.
    #[error("the database did not answer as expected")]
    Database(#[from] sqlx::Error),
}

impl From<Repeated> for TokenError {
    fn from(_: Repeated) -> Self {
        Self::InvalidRequest("A parameter was sent more than once.")
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::InvalidRequest(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::InvalidClient => (StatusCode::UNAUTHORIZED, "invalid_client"),
            Self::InvalidGrant => (StatusCode::BAD_REQUEST, "invalid_grant"),
            Self::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            Self::Signing(_) | Self::Database(_) => {
                let error: &dyn std::error::Error = &self;
                tracing::error!(error, "a code could not be exchanged");
                let body = json!({ "error": "server_error" });
                return (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response();
            }
        };
        let body = json!({ "error": error, "error_description": self.to_string() });
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(r#"Basic realm="MxID""#);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
