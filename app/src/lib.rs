//! What people see: the document, the frame, the routes and every screen.
//!
//! The crate is compiled twice: with `ssr` for the server, which renders whole pages, and with
//! `hydrate` for the browser, which makes them alive. Every page works without the second.

#![recursion_limit = "256"]
#![expect(
    clippy::needless_pass_by_value,
    reason = "components take their props by value"
)]

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("`ssr` and `hydrate` are two different programs: choose one");

pub mod action;
pub mod apps;
pub mod areas;
pub mod data;
#[cfg(feature = "ssr")]
pub mod document;
pub mod environments;
pub mod error;
pub mod follow;
pub mod format;
#[cfg(debug_assertions)]
pub mod gallery;
pub mod layout;
pub mod live;
pub mod operations;
pub mod operator;
pub mod packages;
pub mod page;
pub mod paths;
pub mod polling;
pub mod rights;
pub mod routes;
#[cfg(feature = "ssr")]
pub mod server_context;
pub mod session;
pub mod suspense;
pub mod ui;

use crate::layout::frame::Frame;
use crate::layout::not_found::NotFoundPage;
use crate::live::provide_live;
use crate::routes::routes;
use crate::ui::moment::provide_clock;
use crate::ui::route_announcer::provide_route_announcer;
use crate::ui::toast::provide_toasts;
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, FlatRoutesProps, Router};

/// The frame with the screen that the address names.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_toasts();
    provide_clock();
    provide_route_announcer();
    provide_live();
    let (leaving, set_leaving) = signal(false);
    view! {
        <Title formatter=|page: String| format!("{page} · Cloud Portal") />
        <Router set_is_routing=set_leaving>
            <Frame leaving>
                {pages()}
            </Frame>
        </Router>
    }
}

/// The page that the address names.
fn pages() -> impl IntoView {
    let pages = FlatRoutesProps::builder()
        .fallback(NotFoundPage)
        .children(ToChildren::to_children(routes))
        .build();
    FlatRoutes(pages)
}
