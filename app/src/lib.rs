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

pub mod apps;
pub mod areas;
pub mod data;
#[cfg(feature = "ssr")]
pub mod document;
pub mod environments;
pub mod error;
pub mod format;
#[cfg(debug_assertions)]
pub mod gallery;
pub mod layout;
pub mod live;
pub mod operations;
pub mod packages;
pub mod page;
pub mod paths;
pub mod polling;
#[cfg(feature = "ssr")]
pub mod server_context;
pub mod session;
pub mod suspense;
pub mod ui;

use crate::areas::Page::{self, AppList, Gallery};
use crate::areas::apps::Apps;
use crate::areas::environments::Environments;
use crate::areas::work::Work;
use crate::layout::frame::Frame;
use crate::layout::not_found::NotFoundPage;
use crate::live::provide_live;
use crate::ui::moment::provide_clock;
use crate::ui::route_announcer::provide_route_announcer;
use crate::ui::toast::provide_toasts;
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Redirect, Route, Router};
use leptos_router::{SsrMode, path};

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
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view=Home ssr=SsrMode::Async />
                    <Route path=path!("/apps") view=AppList ssr=SsrMode::Async />
                    <Route path=path!("/apps/new") view={Page::Apps(Apps::Create)} ssr=SsrMode::Async />
                    <Route path=path!("/apps/:app") view={Page::Apps(Apps::Overview)} ssr=SsrMode::Async />
                    <Route path=path!("/apps/:app/settings") view={Page::Apps(Apps::Settings)} ssr=SsrMode::Async />
                    <Route path=path!("/apps/:app/packages") view={Page::Work(Work::Packages)} ssr=SsrMode::Async />
                    <Route path=path!("/apps/:app/packages/:package") view={Page::Work(Work::Package)} ssr=SsrMode::Async />
                    <Route
                        path=path!("/apps/:app/environments/:environment")
                        view={Page::Environments(Environments::Overview)}
                        ssr=SsrMode::Async
                    />
                    <Route
                        path=path!("/apps/:app/environments/:environment/deploy")
                        view={Page::Environments(Environments::Deploy)}
                        ssr=SsrMode::Async
                    />
                    <Route
                        path=path!("/apps/:app/environments/:environment/debugger")
                        view={Page::Environments(Environments::Debugger)}
                        ssr=SsrMode::Async
                    />
                    <Route path=path!("/operations") view={Page::Work(Work::Operations)} ssr=SsrMode::Async />
                    <Route path=path!("/operations/:operation") view={Page::Work(Work::Operation)} ssr=SsrMode::Async />
                    <Route path=path!("/ui") view=Gallery ssr=SsrMode::Async />
                </FlatRoutes>
            </Frame>
        </Router>
    }
}

#[component]
fn Home() -> impl IntoView {
    view! { <Redirect path=paths::apps() /> }
}
