//! Signing in as a client of an issuer: authorization code with PKCE.

pub mod attempt;
pub mod client;
mod refusal;
pub mod return_to;

use crate::state::AppState;
use crate::web::layers::request_id::RequestId;
use crate::web::rate_limit::{peer, refuse};
use crate::web::session;
use attempt::{Attempt, Cookies};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use client::SignInError;
use control::error::Error;
use control::people::{self, SignIn};
use return_to::ReturnTo;
use serde::Deserialize;
use tower_sessions::Session;

/// What `/login` is asked with.
#[derive(Debug, Default, Deserialize)]
pub struct Start {
    #[serde(default)]
    return_to: String,
    /// Present when the issuer is to ask again who it is.
    again: Option<String>,
}

/// What the issuer sends back.
#[derive(Debug, Default, Deserialize)]
pub struct Callback {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Sends the browser to the issuer.
pub async fn start(
    State(app): State<AppState>,
    start: Result<Query<Start>, QueryRejection>,
    request: Parts,
) -> Response {
    // A picture in somebody's page begins no sign-in, and takes none from whoever shares its reader's address.
    if !is_of_window(&request.headers) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    if let Err(wait) = app.limits.sign_in(peer(&request.extensions)) {
        return refuse(wait, &request.extensions);
    }
    let Query(start) = start.unwrap_or_default();
    let attempt = Attempt::new(ReturnTo::parse(&start.return_to), false, app.control.now());
    match begin(&app, &request, &attempt, start.again.is_some()).await {
        Ok(answer) => answer,
        Err(error) => failed(&error, &request),
    }
}

/// Takes the issuer's answer, and begins the session.
pub async fn callback(
    State(app): State<AppState>,
    session: Session,
    answer: Result<Query<Callback>, QueryRejection>,
    request: Parts,
) -> Response {
    let Query(answer) = answer.unwrap_or_default();
    let attempt = answer
        .state
        .as_deref()
        .and_then(|state| Attempt::open(&app.control.secrets, state));
    // Who began a sign-in here is counted by it, and so not with others at the address.
    let begun_here = attempt.as_ref().filter(|it| came_back(it, &request));
    let counted = match begun_here {
        Some(attempt) => app.limits.answer(&attempt.tag()),
        None => app.limits.sign_in(peer(&request.extensions)),
    };
    if let Err(wait) = counted {
        return refuse(wait, &request.extensions);
    }
    let finished = match &attempt {
        Some(attempt) => finish(&app, &session, answer, attempt, &request).await,
        None => Err(SignInError::NotBegunHere),
    };
    let answered = match finished {
        // The attempt of another browser, or an old one; its address was loaded again; or two answers to
        // one attempt came at once.
        Err(SignInError::NotBegunHere | SignInError::CodeRefused) => {
            go_on(&app, &session, attempt.as_ref(), &request).await
        }
        finished => finished,
    };
    answered.unwrap_or_else(|error| failed(&error, &request))
}

/// Sends the browser to the issuer, with the attempt in its cookies.
async fn begin(
    app: &AppState,
    request: &Parts,
    attempt: &Attempt,
    ask_again: bool,
) -> Result<Response, SignInError> {
    let state = attempt
        .seal(&app.control.secrets)
        .map_err(SignInError::Control)?;
    let url = app.login.address(attempt, state, ask_again).await?;
    let mut cookies = Cookies::read(&request.headers).make_room();
    cookies.push(attempt.cookie(None));
    Ok(sent_to(url.as_str(), cookies))
}

/// Begins the session of whoever the code stands for; the attempt is still good for another code, which
/// the same form brings when it is sent again.
async fn finish(
    app: &AppState,
    session: &Session,
    answer: Callback,
    attempt: &Attempt,
    request: &Parts,
) -> Result<Response, SignInError> {
    let cookies = Cookies::read(&request.headers);
    let kept = cookies.of(attempt).ok_or(SignInError::NotBegunHere)?;
    if attempt.is_over(app.control.now()) {
        return Err(SignInError::NotBegunHere);
    }
    app.login.check_issuer(answer.iss.as_deref()).await?;
    let code = match (answer.code, answer.error.as_deref()) {
        (Some(code), None) => code,
        (_, Some("server_error" | "temporarily_unavailable")) => {
            let said = "it says so itself".into();
            return Err(SignInError::Unreachable(said));
        }
        _ => return Err(SignInError::Declined),
    };
    if kept.was_answered_with(&code) {
        return Err(SignInError::NotBegunHere);
    }
    let answered = attempt.cookie(Some(&code));
    let identity = app.login.redeem(&code, attempt, app.control.now()).await?;
    let sign_in = SignIn {
        issuer: identity.issuer,
        subject: identity.subject,
        email: identity.email,
        email_verified: identity.email_verified,
        name: identity.name,
        request_id: request_id(request),
        from_address: Some(peer(&request.extensions).to_string()),
    };
    let person = people::sign_in(&app.control, sign_in)
        .await
        .map_err(|error| match error {
            Error::Forbidden(reason) => SignInError::Refused(reason),
            other => SignInError::Control(other),
        })?;
    session::begin(session, &person, identity.id_token, app.control.now()).await?;
    Ok(sent_to(attempt.return_to.as_str(), vec![answered]))
}

/// What follows an answer that signs nobody in: the page that was asked for, if somebody is signed in
/// already, else one new attempt, which does not begin another by itself.
async fn go_on(
    app: &AppState,
    session: &Session,
    attempt: Option<&Attempt>,
    request: &Parts,
) -> Result<Response, SignInError> {
    let now = app.control.now();
    let return_to = attempt.map(|it| it.return_to.clone()).unwrap_or_default();
    if session::signed_in(session, now).await?.is_some() {
        return Ok(sent_to(return_to.as_str(), Vec::new()));
    }
    match attempt {
        Some(attempt) if attempt.by_itself && came_back(attempt, request) => {
            return Err(SignInError::CodeRefused);
        }
        Some(attempt) if attempt.by_itself => return Err(SignInError::NoCookies),
        Some(attempt) if !attempt.is_over(now) && !request.headers.contains_key(COOKIE) => {
            return Err(SignInError::NoCookies);
        }
        None if attempt::has_begun_anew(&request.headers) => {
            return Err(SignInError::NotBegunHere);
        }
        _ => {}
    }
    let next = Attempt::new(return_to, true, now);
    let mut begun = begin(app, request, &next, false).await?;
    if attempt.is_none() {
        // A state that cannot be read says nothing of the attempts before, so the browser has to.
        begun
            .headers_mut()
            .append(SET_COOKIE, attempt::begun_anew());
    }
    Ok(begun)
}

/// Whether the cookie of an attempt came with its answer.
fn came_back(attempt: &Attempt, request: &Parts) -> bool {
    Cookies::read(&request.headers).of(attempt).is_some()
}

/// Whether a window is to show the answer, as far as the browser says.
fn is_of_window(headers: &HeaderMap) -> bool {
    let shown = headers.get("sec-fetch-dest");
    shown.is_none_or(|shown| shown == "document")
}

fn sent_to(address: &str, cookies: Vec<HeaderValue>) -> Response {
    let cookies = cookies.into_iter().map(|cookie| (SET_COOKIE, cookie));
    let cookies = AppendHeaders(cookies.collect::<Vec<_>>());
    (cookies, Redirect::to(address)).into_response()
}

fn failed(error: &SignInError, request: &Parts) -> Response {
    error.log(&request_id(request));
    error.page().answer(&request.extensions)
}

fn request_id(request: &Parts) -> String {
    let id = request.extensions.get::<RequestId>();
    id.map(|id| id.0.clone()).unwrap_or_default()
}
