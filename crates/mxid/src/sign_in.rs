//! The sign-in page and what its form does.
//!
//! An unknown address, a wrong password and a deactivated account get the same words in the same
//! time. The authorization request is found by the random id in the page's address; the form
//! carries nothing else that is believed.

use std::sync::Arc;

use axum::extract::rejection::StringRejection;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use http::header::SET_COOKIE;
use url::Url;
use uuid::Uuid;

use crate::authorization::answer;
use crate::caller::Caller;
use crate::db;
use crate::db::accounts::AccountRow;
use crate::db::authorization_requests::AuthorizationRequestRow;
use crate::db::events::{Event, Kind};
use crate::error::PageError;
use crate::pages::sign_in::{Notice, page};
use crate::pages::{Link, message};
use crate::parameters::Parameters;
use crate::provider::Provider;
use crate::{authorization, email, password, secret_token, session};

/// The form; or the answer, where another tab has signed in meanwhile.
pub(crate) async fn get(
    State(provider): State<Arc<Provider>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    provider.count_page(&caller)?;
    let pending = Pending::find(&provider, query.as_deref()).await?;
    let mut db = provider.pool.begin().await?;
    let session = session::find(&mut db, &caller, provider.now()).await?;
    let answer =
        authorization::from_session(&mut db, &provider, session.as_ref(), &pending.request).await?;
    db.commit().await?;
    if let Some(location) = answer {
        return Ok(Redirect::to(&location).into_response());
    }
    let hint = pending.request.login_hint.clone();
    let email = pending.expected.clone().or(hint).unwrap_or_default();
    Ok(pending.page(&email, &Notice::None))
}

/// Signs in.
pub(crate) async fn create(
    State(provider): State<Arc<Provider>>,
    caller: Caller,
    RawQuery(query): RawQuery,
    body: Result<String, StringRejection>,
) -> Result<Response, PageError> {
    if !caller.is_same_origin(&provider.origin) {
        return Err(PageError::CrossSite);
    }
    provider.count_page(&caller)?;
    let pending = Pending::find(&provider, query.as_deref()).await?;
    let form = match body {
        Ok(body) => Parameters::parse(&body),
        Err(rejection) => return Ok(pending.unread(rejection.status())),
    };
    let field = |name| form.once(name).ok().flatten().unwrap_or_default();
    let (typed, password) = (field("email"), field("password"));
    if let Some(wrong) = wrong_fields(typed, password) {
        return Ok(pending.page(typed, &wrong));
    }
    let name = email::normalise(typed).unwrap_or_default();
    let devices = &provider.keys.devices;
    let device = devices.known(&name, caller.device_cookie.as_deref());
    if let Err(too_often) = provider.limits.attempt(&name, &caller.network, device) {
        if provider.limits.is_recorded(&caller.network) {
            note(&provider, &caller, &pending, Kind::SignInLimited, None).await?;
        }
        return Ok(pending.page(typed, &Notice::TooOften(too_often.0)));
    }
    match authenticate(&provider, &name, password).await? {
        Outcome::Accepted(account)
            if pending
                .request
                .hinted_account_id
                .is_some_and(|hinted| hinted != account.id) =>
        {
            let kind = Kind::SignInRefused;
            note(&provider, &caller, &pending, kind, Some(account.id)).await?;
            let expected = pending.expected.clone().unwrap_or_default();
            Ok(pending.page(&expected, &Notice::SomeoneElse))
        }
        Outcome::Accepted(account) => {
            let answer = begin(&provider, &caller, &pending, &account).await?;
            let Some(mut answer) = answer else {
                return Ok(pending.page(typed, &Notice::Refused));
            };
            provider.limits.succeeded(&name, &caller.network);
            answer
                .headers_mut()
                .append(SET_COOKIE, devices.cookie(&name));
            Ok(answer)
        }
        Outcome::Refused(account_id) => {
            note(
                &provider,
                &caller,
                &pending,
                Kind::SignInRefused,
                account_id,
            )
            .await?;
            Ok(pending.page(typed, &Notice::Refused))
        }
    }
}

/// What is wrong with the fields before anything is compared.
fn wrong_fields(email: &str, password: &str) -> Option<Notice> {
    let email = match email.trim().chars().count() {
        0 => Some("Enter your email address."),
        1..=email::LONGEST => None,
        _ => Some(email::TOO_LONG),
    };
    let password = match password.chars().count() {
        0 => Some("Enter your password."),
        1..=password::LONGEST => None,
        _ => Some(password::TOO_LONG),
    };
    (email.is_some() || password.is_some()).then_some(Notice::Fields { email, password })
}

/// An authorization request that waits for this sign-in.
struct Pending {
    id: String,
    request: AuthorizationRequestRow,
    /// The address of the only person who may answer, where the client expects one.
    expected: Option<String>,
    target: Url,
}

impl Pending {
    async fn find(provider: &Provider, query: Option<&str>) -> Result<Self, PageError> {
        let parameters = Parameters::parse(query.unwrap_or_default());
        let id = parameters
            .once("request")
            .ok()
            .flatten()
            .ok_or(PageError::Expired)?;
        let mut db = provider.pool.acquire().await?;
        let hash = secret_token::hash(id);
        let request = db::authorization_requests::get(&mut db, &hash, provider.now())
            .await?
            .ok_or(PageError::Expired)?;
        if provider
            .client_with_redirect(&request.client_id, &request.redirect_uri)
            .is_none()
        {
            return Err(PageError::UnknownClient);
        }
        let expected = match request.hinted_account_id {
            Some(id) => db::accounts::email(&mut db, id).await?,
            None => None,
        };
        let target = Url::parse(&request.redirect_uri).map_err(|_| PageError::UnknownClient)?;
        Ok(Self {
            id: id.to_owned(),
            request,
            expected,
            target,
        })
    }

    fn page(&self, email: &str, notice: &Notice) -> Response {
        page(&self.id, &self.target, email, notice)
    }

    /// The form was too long to be read, or is no text.
    fn unread(&self, status: StatusCode) -> Response {
        let heading = if status == StatusCode::PAYLOAD_TOO_LARGE {
            "This form is too long"
        } else {
            "This form cannot be read"
        };
        let text = "You were not signed in. Enter just your email address and your password.";
        let link = Link {
            href: &format!("sign-in?request={}", self.id),
            words: "Back to the sign-in",
        };
        message::page_with_link(status, heading, text, &link)
    }
}

enum Outcome {
    Accepted(AccountRow),
    Refused(Option<Uuid>),
}

async fn authenticate(
    provider: &Provider,
    email: &str,
    password: &str,
) -> Result<Outcome, PageError> {
    let mut db = provider.pool.acquire().await?;
    let account = db::accounts::by_email(&mut db, email).await?;
    drop(db);
    let hash = account
        .as_ref()
        .map_or(&provider.nobodys_hash, |it| &it.password_hash);
    let fits = password::verify(password.into(), hash.clone()).await?;
    Ok(match account {
        Some(account) if fits && account.deactivated_at.is_none() => Outcome::Accepted(account),
        account => Outcome::Refused(account.map(|it| it.id)),
    })
}

/// Begins the session and makes the code; nothing when the account was deactivated or given another password
/// meanwhile.
async fn begin(
    provider: &Provider,
    caller: &Caller,
    pending: &Pending,
    account: &AccountRow,
) -> Result<Option<Response>, PageError> {
    let now = provider.now();
    let mut db = provider.pool.begin().await?;
    if !db::accounts::lock_active(&mut db, account).await? {
        return Ok(None);
    }
    let token = session::begin(&mut db, caller, account.id, now).await?;
    let location = answer::code(&mut db, provider, &pending.request, &token.hash, now).await?;
    let event = event(provider, caller, pending, Kind::SignedIn, Some(account.id));
    db::events::insert(&mut db, &event).await?;
    db.commit().await?;
    let cookie = [(SET_COOKIE, session::cookie(&token))];
    Ok(Some((cookie, Redirect::to(&location)).into_response()))
}

/// Writes a refused attempt down.
async fn note(
    provider: &Provider,
    caller: &Caller,
    pending: &Pending,
    kind: Kind,
    account_id: Option<Uuid>,
) -> Result<(), PageError> {
    let event = event(provider, caller, pending, kind, account_id);
    Ok(db::events::insert(&mut *provider.pool.acquire().await?, &event).await?)
}

fn event<'a>(
    provider: &Provider,
    caller: &'a Caller,
    pending: &'a Pending,
    kind: Kind,
    account_id: Option<Uuid>,
) -> Event<'a> {
    Event {
        kind,
        at: provider.now(),
        account_id,
        client_id: Some(&pending.request.client_id),
        request_id: &caller.request_id,
        from_address: &caller.address,
    }
}
