//! Every route of the portal, and the layers around them.
//!
//! Layers, from the outside: client address → request id → cookies → trace → security headers → panic → cross-site
//! check → locations → canonical host → form errors → session → session guard → routes. The tables below are data, so that a test can walk them.

use crate::routes::login::client::CALLBACK;
use crate::routes::{events, health, login, logout, packages, theme};
use crate::state::AppState;
use crate::web::error_page::ErrorPage;
use crate::web::layers::request_id::RequestId;
use crate::web::layers::security_headers::FormTargets;
use crate::web::layers::{
    bodies, canonical_host, client_address, cookies, cross_site, form_errors, locations, panics,
    request_id, security_headers, session_guard, status_codes,
};
use crate::web::{assets, leptos_context, session};
use app::App;
use app::document::shell;
use app::error::AppError;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use leptos_axum::{
    AxumRouteListing, LeptosRoutes, file_and_error_handler_with_context, generate_route_list,
    handle_server_fns_with_context,
};
use server_fn::axum::get_server_fn_service;
use std::sync::{Arc, LazyLock};
use tower_http::compression::CompressionLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::Level;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Anyone.
    Everyone,
    /// Someone who is signed in; what they may see is decided further in.
    SignedIn,
}

/// A route that is neither a page nor a server function.
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// Who may use it.
    pub audience: Audience,
    handler: fn() -> MethodRouter<AppState>,
}

/// The routes that are neither pages nor server functions.
pub const ROUTES: [Route; 9] = [
    Route {
        method: "GET",
        path: "/healthz",
        audience: Audience::Everyone,
        handler: || get(health::live),
    },
    Route {
        method: "GET",
        path: "/readyz",
        audience: Audience::Everyone,
        handler: || get(health::ready),
    },
    Route {
        method: "GET",
        path: "/login",
        audience: Audience::Everyone,
        handler: || get(login::start),
    },
    Route {
        method: "GET",
        path: CALLBACK,
        audience: Audience::Everyone,
        handler: || get(login::callback),
    },
    Route {
        method: "POST",
        path: "/logout",
        audience: Audience::Everyone,
        handler: || post(logout::sign_out).route_layer(from_fn(bodies::take_in)),
    },
    Route {
        method: "POST",
        path: "/theme",
        audience: Audience::Everyone,
        handler: || post(theme::choose).route_layer(from_fn(bodies::take_in)),
    },
    Route {
        method: "GET",
        path: "/events",
        audience: Audience::SignedIn,
        handler: || get(events::stream),
    },
    Route {
        method: "POST",
        path: "/apps/{app}/packages/upload",
        audience: Audience::SignedIn,
        handler: || post(packages::upload::create).layer(DefaultBodyLimit::disable()),
    },
    Route {
        method: "GET",
        path: "/apps/{app}/packages/{package}/file",
        audience: Audience::SignedIn,
        handler: || get(packages::download::get),
    },
];

/// The pages, as the app declares them; found out once, before anything is rendered: while the
/// framework lists the pages, no resource of any page in the process is loaded.
pub fn pages() -> Vec<AxumRouteListing> {
    static PAGES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));
    PAGES.clone()
}

/// The whole portal.
pub fn router(app: AppState) -> Router {
    let portal_url: Arc<str> = app.control.config.portal_url.as_str().into();
    let trusted_proxies = Arc::clone(&app.trusted_proxies);
    let targets = FormTargets::new(&portal_url, &app.login.issuer_origin());
    let guarded = routes_for(Audience::SignedIn)
        .merge(rendered(&app))
        .layer(from_fn_with_state(app.clone(), session_guard::require));
    let portal = routes_for(Audience::Everyone)
        .merge(guarded)
        .layer(from_fn_with_state(app.clone(), session::set_end))
        .layer(app.sessions.layer());
    let mxid = app
        .mxid
        .clone()
        .map_or_else(Router::new, |mxid| Router::new().nest("/mxid", mxid));
    portal
        .merge(assets::router(&app.leptos))
        .with_state(app)
        .merge(mxid)
        .layer(from_fn_with_state(
            portal_url.clone(),
            form_errors::only_own,
        ))
        .layer(from_fn_with_state(portal_url.clone(), canonical_host::lead))
        .layer(from_fn_with_state(portal_url.clone(), locations::check))
        .layer(from_fn_with_state(portal_url, cross_site::check))
        .layer(from_fn(panics::answer))
        .layer(from_fn_with_state(targets, security_headers::set))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_response(DefaultOnResponse::new().level(Level::DEBUG)),
        )
        .layer(from_fn(cookies::read_one_by_one))
        .layer(from_fn(request_id::set))
        .layer(from_fn_with_state(trusted_proxies, client_address::set))
}

fn routes_for(audience: Audience) -> Router<AppState> {
    let of_audience = ROUTES
        .into_iter()
        .filter(|route| route.audience == audience);
    of_audience.fold(Router::new(), |router, route| {
        router.route(route.path, (route.handler)())
    })
}

/// Pages, server functions, and the page that says that there is none.
fn rendered(app: &AppState) -> Router<AppState> {
    let context = leptos_context::provide(app);
    let options = app.leptos.clone();
    let for_functions = context.clone();
    let functions = move |request: Request| {
        let context = for_functions.clone();
        async move {
            let known = get_server_fn_service(request.uri().path(), request.method().clone());
            if known.is_none() {
                return unknown_function(&request);
            }
            let answer = handle_server_fns_with_context(context, request).await;
            answer.into_response()
        }
    };
    Router::new()
        .leptos_routes_with_context(app, pages(), context.clone(), move || {
            shell(options.clone())
        })
        .route("/api/fn/{*function}", post(functions))
        .fallback(file_and_error_handler_with_context::<AppState, _>(
            context, shell,
        ))
        .layer(map_response(status_codes::set))
        .layer(from_fn(bodies::take_in))
        .layer(CompressionLayer::new())
}

/// A page of before an upgrade calls what is gone.
fn unknown_function(request: &Request) -> Response {
    let status = StatusCode::NOT_FOUND;
    let error = AppError::outdated();
    if session_guard::asks_a_script(request.headers()) {
        return session_guard::in_json_as(status, &error);
    }
    let page = ErrorPage {
        status,
        title: "Not accepted",
        text: error.beside_fields(&[]).unwrap_or_default(),
        action: ("/", "Back to your apps"),
    };
    page.answer(request.extensions())
}

/// Names the path alone: a query may carry a code or a token.
fn span(request: &Request) -> tracing::Span {
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .map_or("", |id| id.0.as_str());
    tracing::info_span!("request", id = request_id, method = %request.method(), path = request.uri().path())
}
