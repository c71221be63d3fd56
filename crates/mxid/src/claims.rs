//! What is said of a person: in the id token and at the userinfo endpoint.

use openidconnect::AccessToken;
use openidconnect::core::{CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::db::codes::CodeRow;
use crate::provider::Provider;

/// How long an id token may be presented.
pub(crate) const ID_TOKEN_LIFE: Duration = Duration::minutes(10);

/// The person's claims that the scope opens.
pub(crate) fn of_person(id: Uuid, email: &str, name: &str, scope: &str) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), json!(id));
    if scope.split(' ').any(|it| it == "email") {
        claims.insert("email".to_owned(), json!(email));
        // Accounts are made by the operator alone, who vouches for the address.
        claims.insert("email_verified".to_owned(), json!(true));
    }
    if scope.split(' ').any(|it| it == "profile") {
        claims.insert("name".to_owned(), json!(name));
    }
    claims
}

/// A signed id token for the code's person.
pub(crate) fn id_token(
    provider: &Provider,
    client_id: &str,
    code: &CodeRow,
    access_token: &str,
    now: OffsetDateTime,
) -> Result<CoreIdToken, String> {
    let mut claims = of_person(code.account_id, &code.email, &code.name, &code.scope);
    claims.insert("iss".to_owned(), json!(provider.issuer));
    claims.insert("aud".to_owned(), json!([client_id]));
    claims.insert("iat".to_owned(), json!(now.unix_timestamp()));
    claims.insert(
        "exp".to_owned(),
        json!((now + ID_TOKEN_LIFE).unix_timestamp()),
    );
    claims.insert(
        "auth_time".to_owned(),
        json!(code.authenticated_at.unix_timestamp()),
    );
    if let Some(nonce) = &code.nonce {
        claims.insert("nonce".to_owned(), json!(nonce));
    }
    let claims: CoreIdTokenClaims =
        serde_json::from_value(Value::Object(claims)).map_err(|error| error.to_string())?;
    CoreIdToken::new(
        claims,
        &provider.keys.signing,
        CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        Some(&AccessToken::new(access_token.to_owned())),
        None,
    )
    .map_err(|error| error.to_string())
}
