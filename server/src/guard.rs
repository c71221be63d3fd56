//! The session guard: decides before anything is rendered.
//!
//! The person is loaded for each request, so that someone who is deactivated is out at once.

use crate::notice::Notice;
use crate::request_id::RequestId;
use crate::session;
use crate::state::AppState;
use app::error::AppError;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, LOCATION, REFERER};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use control::ctx::Ctx;
use leptos::server_fn::error::FromServerFnError;
use tower_sessions::Session;
use url::Url;
use url::form_urlencoded::byte_serialize;

/// Lets a signed-in person's request pass, with its [`Ctx`]; sends others to sign in.
pub async fn require(
    State(app): State<AppState>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    match load(&app, &session, request_id).await {
        Ok(Some(ctx)) => {
            request.extensions_mut().insert(ctx);
            next.run(request).await
        }
        Ok(None) => refuse(&request),
        Err(error) => {
            tracing::error!(error = &*error, "loading the session failed");
            Notice::unavailable("The portal's database does not answer. Running apps are not affected; try again in a moment.")
                .answer(request.extensions())
        }
    }
}

/// The signed-in person of a session.
pub async fn load(
    app: &AppState,
    session: &Session,
    request_id: String,
) -> Result<Option<Ctx>, control::error::BoxedError> {
    let Some(person) = session::person(session, app.control.now()).await? else {
        return Ok(None);
    };
    let ctx = control::people::ctx(&app.control, person, request_id).await?;
    if ctx.is_none() {
        session.flush().await?;
    }
    Ok(ctx)
}

fn refuse(request: &Request) -> Response {
    let headers = request.headers();
    if !accepts(headers, "text/html") || accepts(headers, "application/json") {
        let body = AppError::SignedOut.ser();
        return (
            StatusCode::UNAUTHORIZED,
            [(CONTENT_TYPE, "application/json")],
            body,
        )
            .into_response();
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let wanted = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        return (StatusCode::FOUND, [(LOCATION, login_path(wanted))]).into_response();
    }
    let page = headers
        .get(REFERER)
        .and_then(|referer| Url::parse(referer.to_str().ok()?).ok());
    let wanted = page.as_ref().map_or("/", Url::path);
    (StatusCode::SEE_OTHER, [(LOCATION, login_path(wanted))]).into_response()
}

/// Browsers name `text/html` when they load a page or send a form, and only then.
fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains(kind))
}

fn login_path(return_to: &str) -> String {
    if return_to == "/" {
        return "/login".to_owned();
    }
    format!(
        "/login?return_to={}",
        byte_serialize(return_to.as_bytes()).collect::<String>()
    )
}
