//! The authorization response: a code or an error, with the state and the issuer, to the client.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use url::Url;

use crate::authorization::parameters::RedirectRefusal;
use crate::db;
use crate::db::authorization_requests::AuthorizationRequestRow;
use crate::db::codes::NewCode;
use crate::provider::Provider;
use crate::secret_token::SecretToken;

/// How long a client may take to use a code.
const CODE_LIFE: Duration = Duration::seconds(60);

/// Makes a code for the session's person; the address that carries it to the client.
pub(crate) async fn code(
    db: &mut PgConnection,
    provider: &Provider,
    request: &AuthorizationRequestRow,
    session_id_hash: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<String> {
    let code = SecretToken::new();
    let new = NewCode {
        code_hash: &code.hash,
        session_id_hash,
        client_id: &request.client_id,
        redirect_uri: &request.redirect_uri,
        scope: &request.scope,
        nonce: request.nonce.as_deref(),
        code_challenge: &request.code_challenge,
        at: now,
        expires_at: now + CODE_LIFE,
    };
    db::codes::insert(db, &new).await?;
    let pairs = [("code", code.text.as_str())];
    Ok(address(
        provider,
        &request.redirect_uri,
        &pairs,
        request.state.as_deref(),
    ))
}

/// The address that carries a refusal to the client.
pub(crate) fn refused(provider: &Provider, refusal: &RedirectRefusal) -> String {
    let pairs = [
        ("error", refusal.error),
        ("error_description", refusal.description),
    ];
    address(
        provider,
        &refusal.redirect_uri,
        &pairs,
        refusal.state.as_deref(),
    )
}

fn address(
    provider: &Provider,
    redirect_uri: &str,
    pairs: &[(&str, &str)],
    state: Option<&str>,
) -> String {
    let mut url = Url::parse(redirect_uri).expect("it equals a registered address");
    let mut query = url.query_pairs_mut();
    query.extend_pairs(pairs);
    query.extend_pairs(state.map(|state| ("state", state)));
    query.append_pair("iss", &provider.issuer);
    drop(query);
    url.into()
}
