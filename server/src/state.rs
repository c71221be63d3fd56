//! What every request handler may use.

use crate::routes::health::Readiness;
use crate::routes::login::client::Client;
use crate::web::rate_limit::RateLimits;
use crate::web::session::store::Sessions;
use axum::extract::FromRef;
use control::live_updates::Update;
use control::state::State;
use ipnet::IpNet;
use leptos::config::LeptosOptions;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// The parts of the web side; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The control plane.
    pub control: Arc<State>,
    /// Where the pages' scripts and styles are.
    pub leptos: LeptosOptions,
    /// Server-side sessions.
    pub sessions: Sessions,
    /// The client of the issuer that signs people in.
    pub login: Arc<Client>,
    /// What changed, of every company.
    pub changes: broadcast::Sender<Update>,
    /// How often one address or person may ask for what is costly.
    pub limits: Arc<RateLimits>,
    /// Whether the database has answered lately.
    pub readiness: Arc<Readiness>,
    /// Proxies whose word on where a request comes from is taken.
    pub trusted_proxies: Arc<[IpNet]>,
    /// How often an open event stream asks whether its session still holds.
    pub session_check: Duration,
    /// Ends what has no end of its own when the program stops.
    pub shutdown: CancellationToken,
    /// The built-in provider of sign-ins, unless another issuer is set.
    pub mxid: Option<axum::Router>,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}

impl FromRef<AppState> for Arc<State> {
    fn from_ref(state: &AppState) -> Self {
        Arc::clone(&state.control)
    }
}
