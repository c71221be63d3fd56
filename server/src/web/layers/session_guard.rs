//! The session guard: decides before anything is rendered.
//!
//! The person is loaded for each request, so that a person's sessions end at once, all of them.

use crate::state::AppState;
use crate::web::error_page::ErrorPage;
use crate::web::layers::request_id::RequestId;
use crate::web::rate_limit::peer;
use crate::web::session;
use app::error::AppError;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, LOCATION, REFERER};
use axum::http::{Extensions, HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use control::ctx::Ctx;
use control::error::BoxedError;
use control::people;
use leptos::server_fn::error::FromServerFnError;
use tower_sessions::Session;
use url::Url;
use url::form_urlencoded::byte_serialize;

/// The database is needed to know who asks.
const NO_DATABASE: &str =
    "The portal's database does not answer. Running apps are not affected; try again in a moment.";

/// What the names of server functions that only read begin with.
const READING: [&str; 3] = ["get_", "list_", "check_"];

/// Lets a signed-in person's request pass, with its [`Ctx`]; sends others to sign in.
pub async fn require(
    State(app): State<AppState>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let loaded = load(&app, &session, request.extensions()).await;
    match loaded {
        Ok(Some(ctx)) => {
            if shows_somebody(&request)
                && let Err(error) = session::renew(&session, app.control.now()).await
            {
                return unavailable(request.headers(), request.extensions(), &error);
            }
            request.extensions_mut().insert(ctx);
            next.run(request).await
        }
        Ok(None) => refuse(&request),
        Err(error) => unavailable(request.headers(), request.extensions(), &*error),
    }
}

/// The signed-in person of a session, in the request with these extensions.
pub async fn load(
    app: &AppState,
    session: &Session,
    extensions: &Extensions,
) -> Result<Option<Ctx>, BoxedError> {
    let Some(signed_in) = session::signed_in(session, app.control.now()).await? else {
        return Ok(None);
    };
    let request_id = extensions.get::<RequestId>().map(|id| id.0.clone());
    let ctx = people::ctx_of_session(
        &app.control,
        signed_in.person(),
        signed_in.generation,
        request_id.unwrap_or_default(),
    )
    .await?;
    let Some(mut ctx) = ctx else {
        session.flush().await?;
        return Ok(None);
    };
    ctx.from_address = Some(peer(extensions).to_string());
    Ok(Some(ctx))
}

/// Whether somebody is there: a page is loaded, or something is done. A page that is left open asks
/// by itself for what it shows, and does so before nobody too.
fn shows_somebody(request: &Request) -> bool {
    match *request.method() {
        Method::GET | Method::HEAD => accepts(request.headers(), "text/html"),
        _ => !only_reads(request.uri().path()),
    }
}

/// Whether a path is that of a server function that changes nothing.
pub fn only_reads(path: &str) -> bool {
    let function = path.strip_prefix("/api/fn/");
    let name = function.and_then(|function| function.rsplit('/').next());
    name.is_some_and(|name| READING.iter().any(|verb| name.starts_with(verb)))
}

/// The answer where the session can be neither read nor kept.
pub fn unavailable(
    headers: &HeaderMap,
    extensions: &Extensions,
    error: &(dyn std::error::Error + 'static),
) -> Response {
    tracing::error!(error, "the session can be neither read nor kept");
    if asks_a_script(headers) {
        return in_json(&AppError::Unavailable(NO_DATABASE.to_owned()));
    }
    ErrorPage::unavailable(NO_DATABASE).answer(extensions)
}

fn refuse(request: &Request) -> Response {
    let headers = request.headers();
    if asks_a_script(headers) {
        return in_json(&AppError::SignedOut);
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

/// Whether a script asks, which reads JSON and no page.
pub fn asks_a_script(headers: &HeaderMap) -> bool {
    !accepts(headers, "text/html") || accepts(headers, "application/json")
}

/// An error as the scripts of the pages read it.
pub fn in_json(error: &AppError) -> Response {
    in_json_as(error.status(), error)
}

/// The same under another status.
pub fn in_json_as(status: StatusCode, error: &AppError) -> Response {
    let kind = [(CONTENT_TYPE, "application/json")];
    (status, kind, error.ser()).into_response()
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
