//! The authorization endpoint: checks what a client asks for, then sends the browser to sign in, or
//! straight back with a code when it is signed in already.

use std::sync::Arc;

use axum::extract::rejection::StringRejection;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use crate::authorization::parameters::Refusal;
use crate::caller::Caller;
use crate::db;
use crate::db::authorization_requests::AuthorizationRequestRow;
use crate::error::PageError;
use crate::parameters::{Parameters, is_form};
use crate::provider::Provider;
use crate::secret_token::SecretToken;
use crate::session::{self, Session};

pub(crate) mod answer;
pub(crate) mod hint;
mod parameters;
mod prompt;

/// How long a person may take to sign in.
const REQUEST_LIFE: Duration = Duration::minutes(30);
/// Requests that wait at once: more than one address can make in their life, so that none pushes out the others',
/// and not so many that they fill the disk.
const WAITING: i64 = 20_000;

/// Answers an authorization request in an address.
pub(crate) async fn get(
    State(provider): State<Arc<Provider>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    provider.count_page(&caller)?;
    let request = match asked(&provider, query.as_deref().unwrap_or_default())? {
        Ok(request) => request,
        Err(refused) => return Ok(refused),
    };
    let mut db = provider.pool.begin().await?;
    let session = session::find(&mut db, &caller, provider.now()).await?;
    let location = match from_session(&mut db, &provider, session.as_ref(), &request).await? {
        Some(location) => location,
        None => keep(&mut db, &provider, &request).await?,
    };
    db.commit().await?;
    Ok(see_other(&location))
}

/// Answers an authorization request in a form. Browsers keep the session's cookie back when another site
/// sends one, so the answer is looked for where the browser is led to.
pub(crate) async fn create(
    State(provider): State<Arc<Provider>>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<String, StringRejection>,
) -> Result<Response, PageError> {
    provider.count_page(&caller)?;
    let body = body.ok().filter(|_| is_form(&headers));
    let body = body.ok_or(PageError::UnreadableForm)?;
    let request = match asked(&provider, &body)? {
        Ok(request) => request,
        Err(refused) => return Ok(refused),
    };
    let mut db = provider.pool.begin().await?;
    let location = keep(&mut db, &provider, &request).await?;
    db.commit().await?;
    Ok(see_other(&location))
}

/// What a session answers to a request without asking the person anything: a code, or a refusal where
/// nothing may be asked; nothing where the person is to sign in.
pub(crate) async fn from_session(
    db: &mut PgConnection,
    provider: &Provider,
    session: Option<&Session>,
    request: &AuthorizationRequestRow,
) -> sqlx::Result<Option<String>> {
    let now = provider.now();
    match session.filter(|session| satisfies(session, request, now)) {
        Some(session) => answer::code(db, provider, request, &session.id_hash, now)
            .await
            .map(Some),
        None if request.prompt == prompt::NONE => Ok(Some(answer::refused(
            provider,
            &parameters::login_required(request),
        ))),
        None => Ok(None),
    }
}

/// Whether a session is whose and as fresh as the request asks. One begun after the request always is
/// fresh, whatever was asked: the person has just signed in for it.
fn satisfies(session: &Session, request: &AuthorizationRequestRow, now: OffsetDateTime) -> bool {
    let is_whose = request
        .hinted_account_id
        .is_none_or(|hinted| hinted == session.account_id);
    let age = now - session.authenticated_at;
    let is_fresh = request.prompt != prompt::LOGIN
        && request
            .max_age_seconds
            .is_none_or(|most| age <= Duration::seconds(most));
    is_whose && (is_fresh || session.authenticated_at > request.created_at)
}

/// The request, or the refusal that its client is told.
fn asked(
    provider: &Provider,
    text: &str,
) -> Result<Result<AuthorizationRequestRow, Response>, PageError> {
    match parameters::parse(&Parameters::parse(text), provider) {
        Ok(request) => Ok(Ok(request)),
        Err(Refusal::Page) => Err(PageError::UnknownClient),
        Err(Refusal::Redirect(refusal)) => Ok(Err(see_other(&answer::refused(provider, &refusal)))),
    }
}

/// Keeps the request while the person signs in; the address to do so.
async fn keep(
    db: &mut PgConnection,
    provider: &Provider,
    request: &AuthorizationRequestRow,
) -> sqlx::Result<String> {
    db::expired::delete(db, request.created_at).await?;
    db::authorization_requests::drop_oldest(db, WAITING - 1).await?;
    let id = SecretToken::new();
    let expires_at = request.created_at + REQUEST_LIFE;
    db::authorization_requests::insert(db, &id.hash, request, expires_at).await?;
    Ok(provider.endpoint(&format!("/sign-in?request={}", id.text)))
}

fn see_other(location: &str) -> Response {
    Redirect::to(location).into_response()
}
