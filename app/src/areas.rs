//! The areas of the portal: each is a part of the browser's program that is loaded when a page of it is shown.
//!
//! The frame and the list of apps are in the part that is always loaded. Routes show a [`Page`], whatever it is,
//! so that another page costs that part next to nothing. Where an area cannot be had, the page is asked of the
//! server as a document: the network may fail, and a tab may be older than the server.

#![expect(
    clippy::unnecessary_wraps,
    reason = "an area may not be had; what is in it always is"
)]

pub mod apps;
pub mod environments;
#[cfg(debug_assertions)]
pub mod gallery;
#[cfg(feature = "ssr")]
pub mod preload;
pub mod work;

use crate::apps::list::AppsPage;
#[cfg(not(debug_assertions))]
use crate::layout::not_found::NotFoundPage;
use crate::paths;
use apps::Apps;
use environments::Environments;
use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;
use leptos_router::ChooseView;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_location;
use work::Work;

/// What a route shows.
#[derive(Debug, Clone, Copy)]
pub enum Page {
    /// Leads on to the list of apps.
    Home,
    /// The list of apps.
    AppList,
    /// A page of an app.
    Apps(Apps),
    /// A page of an environment.
    Environments(Environments),
    /// A page of packages or operations.
    Work(Work),
    /// The page of all primitives; there is none in a build for release.
    Gallery,
}

/// A part of the browser's program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// What is always loaded.
    Frame,
    /// Pages of an app.
    Apps,
    /// Pages of an environment.
    Environments,
    /// Pages of packages and operations.
    Work,
    /// The page of all primitives.
    Gallery,
}

impl Area {
    /// Loads the area. Gives whether it is there; a build for release has no gallery.
    pub async fn load(self) -> bool {
        let loaded = match self {
            Self::Frame => Ok(()),
            Self::Apps => apps::load().await,
            Self::Environments => environments::load().await,
            Self::Work => work::load().await,
            #[cfg(debug_assertions)]
            Self::Gallery => gallery::load().await,
            #[cfg(not(debug_assertions))]
            Self::Gallery => return false,
        };
        loaded.is_ok()
    }
}

impl Page {
    /// The area that holds this page.
    pub const fn area(self) -> Area {
        match self {
            Self::Home | Self::AppList => Area::Frame,
            Self::Apps(_) => Area::Apps,
            Self::Environments(_) => Area::Environments,
            Self::Work(_) => Area::Work,
            Self::Gallery => Area::Gallery,
        }
    }

    async fn view(self) -> Result<AnyView, SplitLoaderError> {
        match self {
            Self::Home => Ok(view! { <Redirect path=paths::apps() /> }.into_any()),
            Self::AppList => Ok(view! { <AppsPage /> }.into_any()),
            Self::Apps(page) => apps::apps(page).await,
            Self::Environments(page) => environments::environments(page).await,
            Self::Work(page) => work::work(page).await,
            #[cfg(debug_assertions)]
            Self::Gallery => gallery::gallery().await,
            #[cfg(not(debug_assertions))]
            Self::Gallery => Ok(view! { <NotFoundPage /> }.into_any()),
        }
    }
}

impl ChooseView for Page {
    async fn choose(self) -> AnyView {
        let here = use_location();
        let path = here.pathname.get_untracked();
        if let Ok(view) = self.view().await {
            return view;
        }
        let address = paths::with_search(&path, &here.search.get_untracked());
        let _ = window().location().assign(&address);
        // The page that is left stays until the document is there.
        std::future::pending().await
    }

    async fn preload(&self) {}
}
