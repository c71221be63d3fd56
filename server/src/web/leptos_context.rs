//! What pages and server functions find in their context: one closure for all of them.

use control::ctx::Ctx;
use http::request::Parts;
use leptos::nonce::Nonce;
use leptos::prelude::{provide_context, use_context};

use crate::state::AppState;

/// The closure that provides the control plane, the signed-in person and the nonce of the request.
pub fn provide(app: &AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let control = app.control.clone();
    move || {
        provide_context(control.clone());
        let Some(parts) = use_context::<Parts>() else {
            return;
        };
        provide_context(parts.extensions.get::<Ctx>().cloned());
        if let Some(nonce) = parts.extensions.get::<Nonce>() {
            provide_context(nonce.clone());
        }
    }
}
