//! Sign-out, as a client starts it (RP-initiated logout).
//!
//! A valid id token of the signed-in person lets a client end the session at once; without one the
//! person is asked, so that no other site can sign anybody out.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm};
use openidconnect::{ClientId, IssuerUrl, Nonce};
use url::Url;
use uuid::Uuid;

use crate::Client;
use crate::caller::Caller;
use crate::db;
use crate::db::events::{Event, Kind};
use crate::error::PageError;
use crate::pages::sign_out;
use crate::parameters::{Parameters, is_plain};
use crate::provider::{Provider, contains};
use crate::session::{self, Session};

/// Ends the session, or asks whether to.
pub(crate) async fn get(
    State(provider): State<Arc<Provider>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let parameters = Parameters::parse(query.as_deref().unwrap_or_default());
    let hint = parameters.once("id_token_hint").ok().flatten();
    let hint = hint.and_then(|token| verified(&provider, token));
    let target = target(&parameters, hint.as_ref().map(|(client, _)| *client))?;
    let mut db = provider.pool.acquire().await?;
    let session = session::find(&mut db, &caller, provider.now()).await?;
    drop(db);
    match (session, hint) {
        (Some(session), Some((_, account_id))) if session.account_id == account_id => {
            end(&provider, &caller, &session).await?;
            Ok(signed_out(target))
        }
        (Some(_), _) => Ok(sign_out::confirm()),
        (None, _) => Ok(signed_out(target)),
    }
}

/// Ends the session: the person said so.
pub(crate) async fn create(
    State(provider): State<Arc<Provider>>,
    caller: Caller,
) -> Result<Response, PageError> {
    if !caller.is_same_origin(&provider.origin) {
        return Err(PageError::CrossSite);
    }
    let mut db = provider.pool.acquire().await?;
    let session = session::find(&mut db, &caller, provider.now()).await?;
    drop(db);
    if let Some(session) = session {
        end(&provider, &caller, &session).await?;
    }
    Ok(signed_out(None))
}

/// The client and the account that an id token of ours was made for; it may have expired.
fn verified<'a>(provider: &'a Provider, token: &str) -> Option<(&'a Client, Uuid)> {
    let token: CoreIdToken = token.parse().ok()?;
    let issuer = IssuerUrl::new(provider.issuer.clone()).ok()?;
    provider.clients.values().find_map(|client| {
        let verifier = CoreIdTokenVerifier::new_public_client(
            ClientId::new(client.id.clone()),
            issuer.clone(),
            provider.keys.public(provider.now()),
        )
        .set_allowed_algs([
            CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            // Keys of earlier installations, as long as they are published.
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        ])
        .set_time_fn(Default::default);
        let claims = token.claims(&verifier, |_: Option<&Nonce>| Ok(())).ok()?;
        Some((client, claims.subject().parse().ok()?))
    })
}

/// Where the browser goes next: only an address that is registered for the client of the hint.
fn target(parameters: &Parameters, client: Option<&Client>) -> Result<Option<Url>, PageError> {
    let asked = parameters.once("post_logout_redirect_uri");
    let asked = asked.map_err(|_| PageError::UnknownPostLogout)?;
    let (Some(asked), Some(client)) = (asked, client) else {
        return Ok(None);
    };
    if !contains(&client.post_logout_redirect_uris, asked) {
        return Err(PageError::UnknownPostLogout);
    }
    let mut url = Url::parse(asked).map_err(|_| PageError::UnknownPostLogout)?;
    if let Some(state) = parameters
        .once("state")
        .ok()
        .flatten()
        .filter(|it| is_plain(it))
    {
        url.query_pairs_mut().append_pair("state", state);
    }
    Ok(Some(url))
}

async fn end(provider: &Provider, caller: &Caller, session: &Session) -> Result<(), PageError> {
    let mut db = provider.pool.begin().await?;
    db::sessions::delete(&mut db, &session.id_hash).await?;
    let event = Event {
        kind: Kind::SignedOut,
        at: provider.now(),
        account_id: Some(session.account_id),
        client_id: None,
        request_id: &caller.request_id,
        from_address: &caller.address,
    };
    db::events::insert(&mut db, &event).await?;
    Ok(db.commit().await?)
}

fn signed_out(target: Option<Url>) -> Response {
    let cookie = [(SET_COOKIE, session::ended_cookie())];
    match target {
        Some(url) => (cookie, Redirect::to(url.as_str())).into_response(),
        None => (cookie, sign_out::done()).into_response(),
    }
}
