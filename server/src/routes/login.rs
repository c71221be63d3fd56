//! Signing in as a client of an issuer: authorization code with PKCE.

pub mod client;
pub mod return_to;

use crate::state::AppState;
use crate::web::error_page::ErrorPage;
use crate::web::layers::request_id::RequestId;
use crate::web::rate_limit::{peer, refuse};
use crate::web::session;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use client::{Attempt, SignInError};
use control::error::Error;
use control::people::{self, SignIn};
use return_to::ReturnTo;
use serde::Deserialize;
use tower_sessions::Session;

const ATTEMPTS: &str = "sign_in_attempts";
/// Sign-ins begun in several tabs, of which any may be finished.
const ATTEMPTS_AT_MOST: usize = 5;

/// What `/login` is asked with.
#[derive(Debug, Deserialize)]
pub struct Start {
    #[serde(default)]
    return_to: String,
    /// Present when the issuer is to ask again who it is.
    again: Option<String>,
}

/// What the issuer sends back.
#[derive(Debug, Deserialize)]
pub struct Callback {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Sends the browser to the issuer.
pub async fn start(
    State(app): State<AppState>,
    session: Session,
    Query(start): Query<Start>,
    request: Request,
) -> Response {
    if let Err(wait) = app.limits.sign_in(peer(request.extensions())) {
        return refuse(wait, request.extensions());
    }
    match begin(&app, &session, &start).await {
        Ok(url) => Redirect::to(&url).into_response(),
        Err(error) => error.page().answer(request.extensions()),
    }
}

async fn begin(app: &AppState, session: &Session, start: &Start) -> Result<String, SignInError> {
    let (url, attempt) = app
        .login
        .begin(ReturnTo::parse(&start.return_to), start.again.is_some())
        .await?;
    let mut attempts: Vec<Attempt> = session.get(ATTEMPTS).await?.unwrap_or_default();
    attempts.push(attempt);
    let surplus = attempts.len().saturating_sub(ATTEMPTS_AT_MOST);
    attempts.drain(..surplus);
    session.insert(ATTEMPTS, attempts).await?;
    Ok(url.into())
}

/// Takes the issuer's answer, and begins the session.
pub async fn callback(
    State(app): State<AppState>,
    session: Session,
    Query(answer): Query<Callback>,
    request: Request,
) -> Response {
    let address = peer(request.extensions());
    if let Err(wait) = app.limits.sign_in(address) {
        return refuse(wait, request.extensions());
    }
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    match finish(&app, &session, answer, &request_id, address.to_string()).await {
        Ok(return_to) => Redirect::to(return_to.as_str()).into_response(),
        // Another tab was quicker: its session is this one's too.
        Err(SignInError::NotBegunHere) if is_signed_in(&app, &session).await => {
            Redirect::to("/").into_response()
        }
        Err(error) => {
            error.log(&request_id);
            error.page().answer(request.extensions())
        }
    }
}

async fn is_signed_in(app: &AppState, session: &Session) -> bool {
    let signed_in = session::signed_in(session, app.control.now()).await;
    matches!(signed_in, Ok(Some(_)))
}

async fn finish(
    app: &AppState,
    session: &Session,
    answer: Callback,
    request_id: &str,
    from_address: String,
) -> Result<ReturnTo, SignInError> {
    let mut attempts: Vec<Attempt> = session.get(ATTEMPTS).await?.unwrap_or_default();
    let of_this_browser = attempts
        .iter()
        .position(|attempt| attempt.is_answered_by(answer.state.as_deref()));
    let attempt = attempts.swap_remove(of_this_browser.ok_or(SignInError::NotBegunHere)?);
    session.insert(ATTEMPTS, attempts).await?;
    app.login.check_issuer(answer.iss.as_deref())?;
    let (Some(code), None) = (answer.code, answer.error) else {
        return Err(SignInError::Declined);
    };
    let identity = app.login.redeem(code, &attempt).await?;
    let sign_in = SignIn {
        issuer: identity.issuer,
        subject: identity.subject,
        email: identity.email,
        email_verified: identity.email_verified,
        name: identity.name,
        request_id: request_id.to_owned(),
        from_address: Some(from_address),
    };
    let person = people::sign_in(&app.control, sign_in)
        .await
        .map_err(|error| match error {
            Error::Forbidden(reason) => SignInError::Refused(reason),
            other => SignInError::Control(other),
        })?;
    session::begin(session, &person, identity.id_token, app.control.now()).await?;
    Ok(attempt.return_to)
}

impl SignInError {
    fn page(&self) -> ErrorPage {
        let again = ("/login", "Sign in");
        match self {
            Self::Unreachable(_) => ErrorPage::unavailable("The service that signs people in does not answer. Running apps are not affected; try again in a moment."),
            Self::Session(_) => ErrorPage::unavailable("The portal's database does not answer. Running apps are not affected; try again in a moment."),
            Self::Control(error) => ErrorPage::from_error(error, ""),
            Self::NotBegunHere => ErrorPage {
                status: StatusCode::BAD_REQUEST,
                title: "Sign in again",
                text: "This sign-in was not begun in this browser, or too long ago.".to_owned(),
                action: again,
            },
            Self::Declined => ErrorPage {
                status: StatusCode::FORBIDDEN,
                title: "Not signed in",
                text: "The sign-in was not completed.".to_owned(),
                action: again,
            },
            Self::Unproven(_) => ErrorPage {
                status: StatusCode::BAD_REQUEST,
                title: "Not signed in",
                text: "The answer of the service that signs people in could not be proven to be genuine.".to_owned(),
                action: again,
            },
            Self::Refused(reason) => ErrorPage {
                status: StatusCode::FORBIDDEN,
                title: "No access",
                text: reason.clone(),
                action: ("/login?again=1", "Sign in as someone else"),
            },
        }
    }

    fn log(&self, request_id: &str) {
        match self {
            Self::NotBegunHere | Self::Declined | Self::Refused(_) => {
                tracing::info!(request_id, "sign-in ended: {self}");
            }
            Self::Unreachable(_) | Self::Session(_) | Self::Control(_) | Self::Unproven(_) => {
                tracing::warn!(
                    request_id,
                    error = self as &dyn std::error::Error,
                    "sign-in failed"
                );
            }
        }
    }
}
