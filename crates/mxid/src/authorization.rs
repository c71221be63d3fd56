//! The authorization endpoint: checks what a client asks for, then sends the browser to sign in, or
//! straight back with a code when it is signed in already.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use time::{Duration, OffsetDateTime};

use crate::authorization::parameters::{Asked, Prompt, Refusal};
use crate::caller::Caller;
use crate::db;
use crate::error::PageError;
use crate::parameters::Parameters;
use crate::provider::Provider;
use crate::secret_token::SecretToken;
use crate::session::{self, Session};

pub(crate) mod answer;
mod parameters;

/// How long a person may take to sign in.
const REQUEST_LIFE: Duration = Duration::minutes(30);

/// Answers an authorization request.
pub(crate) async fn create(
    State(provider): State<Arc<Provider>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    provider
        .limits
        .authorization(&caller.network)
        .map_err(PageError::TooOften)?;
    let parameters = Parameters::parse(query.as_deref().unwrap_or_default());
    let asked = match Asked::parse(&parameters, &provider) {
        Ok(asked) => asked,
        Err(Refusal::Page) => return Err(PageError::UnknownClient),
        Err(Refusal::Redirect(refusal)) => {
            return Ok(see_other(&answer::refused(&provider, &refusal)));
        }
    };
    let now = provider.now();
    let mut db = provider.pool.begin().await?;
    let location = match session::find(&mut db, &caller, now).await? {
        Some(session) if is_fresh_enough(&session, &asked, now) => {
            answer::code(&mut db, &provider, &asked.request, &session.id_hash, now).await?
        }
        _ if asked.prompt == Prompt::None => answer::refused(&provider, &asked.login_required()),
        _ => {
            db::expired::delete(&mut db, now).await?;
            let id = SecretToken::new();
            let expires_at = now + REQUEST_LIFE;
            db::authorization_requests::insert(&mut db, &id.hash, &asked.request, now, expires_at)
                .await?;
            provider.endpoint(&format!("/sign-in?request={}", id.text))
        }
    };
    db.commit().await?;
    Ok(see_other(&location))
}

fn is_fresh_enough(session: &Session, asked: &Asked, now: OffsetDateTime) -> bool {
    asked.prompt != Prompt::Login
        && asked
            .max_age
            .is_none_or(|max_age| now - session.authenticated_at <= max_age)
}

fn see_other(location: &str) -> Response {
    Redirect::to(location).into_response()
}
