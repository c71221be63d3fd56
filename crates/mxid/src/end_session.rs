//! Sign-out, as a client starts it (RP-initiated logout).
//!
//! A valid id token of the signed-in person lets a client end the session at once; without one the
//! person is asked, so that no other site can sign anybody out.

use std::sync::Arc;

use axum::extract::rejection::StringRejection;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;
use url::{Url, form_urlencoded};
use uuid::Uuid;

use crate::Client;
use crate::authorization::hint;
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
    provider.count_page(&caller)?;
    let query = query.unwrap_or_default();
    let asked = Asked::parse(&provider, &query)?;
    let mut db = provider.pool.acquire().await?;
    let session = session::find(&mut db, &caller, provider.now()).await?;
    drop(db);
    match session {
        Some(session) if asked.account_id == Some(session.account_id) => {
            end(&provider, &caller, &session).await?;
            Ok(signed_out(asked.target))
        }
        Some(_) => Ok(sign_out::confirm(&query, asked.target.as_ref())),
        None => Ok(signed_out(asked.target)),
    }
}

/// Ends the session: the person said so. A form of a client is led to the same question by an address,
/// since browsers keep the session's cookie back when another site sends one.
pub(crate) async fn create(
    State(provider): State<Arc<Provider>>,
    caller: Caller,
    RawQuery(query): RawQuery,
    body: Result<String, StringRejection>,
) -> Result<Response, PageError> {
    if !caller.is_same_origin(&provider.origin) {
        let body = body.map_err(|_| PageError::UnreadableForm)?;
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form_urlencoded::parse(body.as_bytes()))
            .finish();
        let address = provider.endpoint(&format!("/end-session?{query}"));
        return Ok(Redirect::to(&address).into_response());
    }
    provider.count_page(&caller)?;
    let asked = Asked::parse(&provider, query.as_deref().unwrap_or_default())?;
    let mut db = provider.pool.acquire().await?;
    let session = session::find(&mut db, &caller, provider.now()).await?;
    drop(db);
    if let Some(session) = session {
        end(&provider, &caller, &session).await?;
    }
    Ok(signed_out(asked.target))
}

/// What a client asks for.
struct Asked {
    /// Whose session it means: the account of a valid id token, which may have expired.
    account_id: Option<Uuid>,
    /// Where the browser goes next: only an address that is registered for the client.
    target: Option<Url>,
}

impl Asked {
    fn parse(provider: &Provider, query: &str) -> Result<Self, PageError> {
        let parameters = Parameters::parse(query);
        let once = |name| {
            let value = parameters.once(name);
            value.map_err(|_| PageError::UnknownPostLogout)
        };
        let named = once("client_id")?.and_then(|id| provider.clients.get(id));
        let token = once("id_token_hint")?;
        let meant = token.and_then(|token| {
            let mut clients = provider.clients.values();
            clients.find_map(|client| Some((client, hint::account(provider, client, token)?)))
        });
        // A hint that was made for another client than the one that is named says nothing.
        let meant = meant.filter(|(client, _)| named.is_none_or(|named| named.id == client.id));
        let client = meant.map(|(client, _)| client).or(named);
        let target = match (once("post_logout_redirect_uri")?, client) {
            (Some(uri), Some(client)) => Some(target(uri, client, once("state")?)?),
            _ => None,
        };
        Ok(Self {
            account_id: meant.map(|(_, account_id)| account_id),
            target,
        })
    }
}

fn target(uri: &str, client: &Client, state: Option<&str>) -> Result<Url, PageError> {
    if !contains(&client.post_logout_redirect_uris, uri) {
        return Err(PageError::UnknownPostLogout);
    }
    let mut url = Url::parse(uri).map_err(|_| PageError::UnknownPostLogout)?;
    if let Some(state) = state.filter(|it| is_plain(it)) {
        url.query_pairs_mut().append_pair("state", state);
    }
    Ok(url)
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
