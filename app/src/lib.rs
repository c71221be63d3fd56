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
pub mod environments;
pub mod error;
pub mod follow;
pub mod gallery;
pub mod layout;
pub mod live;
pub mod operations;
pub mod packages;
pub mod page;
pub mod paths;
pub mod request;
pub mod rights;
pub mod ui;
pub mod waiting;

use crate::apps::create::CreateAppPage;
use crate::apps::list::AppsPage;
use crate::apps::overview::AppPage;
use crate::apps::settings::AppSettingsPage;
use crate::environments::debugger::DebuggerPage;
use crate::environments::deploy::DeployPage;
use crate::environments::overview::EnvironmentPage;
use crate::gallery::GalleryPage;
use crate::layout::frame::Frame;
use crate::layout::not_found::NotFoundPage;
use crate::layout::theme::initial_theme;
use crate::live::provide_live;
use crate::operations::details::OperationPage;
use crate::operations::list::OperationsPage;
use crate::packages::details::PackagePage;
use crate::packages::list::PackagesPage;
use crate::rights::list::RightsPage;
use crate::ui::ago::provide_clock;
use crate::ui::arrival::provide_arrival;
use crate::ui::toast::provide_toasts;
use crate::waiting::provide_patience;
use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Redirect, Route, Router};
use leptos_router::{SsrMode, path};

/// The whole document, as the server sends it.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=initial_theme().as_str()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="description" content="Create, deploy and run apps." />
                <link rel="icon" href="/mark.svg" type="image/svg+xml" />
                <HashedStylesheet options=options.clone() />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The frame with the screen that the address names.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_patience();
    provide_toasts();
    provide_clock();
    provide_arrival();
    provide_live();
    let (leaving, set_leaving) = signal(false);
    view! {
        <Title formatter=|page: String| format!("{page} · Cloud Portal") />
        <Router set_is_routing=set_leaving>
            <Frame leaving>
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view=Home ssr=SsrMode::Async />
                    <Route path=path!("/apps") view=AppsPage ssr=SsrMode::Async />
                    <Route path=path!("/apps/new") view=CreateAppPage ssr=SsrMode::Async />
                    <Route path=path!("/apps/:app") view=AppPage ssr=SsrMode::Async />
                    <Route path=path!("/apps/:app/settings") view=AppSettingsPage ssr=SsrMode::Async />
                    <Route path=path!("/apps/:app/packages") view=PackagesPage ssr=SsrMode::Async />
                    <Route path=path!("/apps/:app/packages/:package") view=PackagePage ssr=SsrMode::Async />
                    <Route
                        path=path!("/apps/:app/environments/:environment")
                        view=EnvironmentPage
                        ssr=SsrMode::Async
                    />
                    <Route
                        path=path!("/apps/:app/environments/:environment/deploy")
                        view=DeployPage
                        ssr=SsrMode::Async
                    />
                    <Route
                        path=path!("/apps/:app/environments/:environment/debugger")
                        view=DebuggerPage
                        ssr=SsrMode::Async
                    />
                    <Route path=path!("/operations") view=OperationsPage ssr=SsrMode::Async />
                    <Route path=path!("/operations/:operation") view=OperationPage ssr=SsrMode::Async />
                    <Route path=path!("/rights") view=RightsPage ssr=SsrMode::Async />
                    <Route path=path!("/ui") view=GalleryPage ssr=SsrMode::Async />
                </FlatRoutes>
            </Frame>
        </Router>
    }
}

#[component]
fn Home() -> impl IntoView {
    view! { <Redirect path=paths::apps() /> }
}
