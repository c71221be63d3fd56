//! The pages behind the list of apps: one part of the program, loaded on its own.
//!
//! Almost every visit begins with the list of apps, so its page is in the part that is always loaded.
//! The other part follows by itself as soon as the page is alive, or when it is needed before that.

use crate::apps::create::CreateAppPage;
use crate::apps::overview::AppPage;
use crate::apps::settings::AppSettingsPage;
use crate::environments::debugger::DebuggerPage;
use crate::environments::deploy::DeployPage;
use crate::environments::overview::EnvironmentPage;
use crate::gallery::GalleryPage;
use crate::operations::details::OperationPage;
use crate::operations::list::OperationsPage;
use crate::packages::details::PackagePage;
use crate::packages::list::PackagesPage;
#[cfg(any(target_arch = "wasm32", test))]
use crate::paths;
use leptos::prelude::*;
use leptos_router::LazyRoute;

macro_rules! pages {
    ($($part:ident: $page:ident, $what:literal;)*) => {
        #[derive(Debug, Clone, Copy)]
        enum Page {
            $($part,)*
        }

        /// The one way into the part that is loaded on its own.
        #[lazy]
        fn behind_the_list(page: Page) -> AnyView {
            match page {
                $(Page::$part => view! { <$page /> }.into_any(),)*
            }
        }

        $(
            #[doc = $what]
            #[derive(Debug)]
            pub struct $part;

            impl LazyRoute for $part {
                fn data() -> Self {
                    Self
                }

                async fn view(_: Self) -> AnyView {
                    behind_the_list(Page::$part).await
                }
            }
        )*
    };
}

pages! {
    CreateApp: CreateAppPage, "Making an app.";
    App: AppPage, "An app.";
    AppSettings: AppSettingsPage, "An app's settings.";
    Packages: PackagesPage, "An app's packages.";
    Package: PackagePage, "A package.";
    Environment: EnvironmentPage, "An environment.";
    Deploy: DeployPage, "Deploying to an environment.";
    Debugger: DebuggerPage, "The debugger of an environment.";
    Operations: OperationsPage, "All operations.";
    Operation: OperationPage, "One operation.";
    Gallery: GalleryPage, "The primitives.";
}

/// Loads the other part once the page is alive, so that going on from it takes no time.
#[cfg_attr(
    target_arch = "wasm32",
    expect(
        clippy::disallowed_methods,
        reason = "nobody waits for it: a page that needs it asks again"
    )
)]
pub fn load_ahead() {
    Effect::new(|| {
        lazy_preload!(behind_the_list);
    });
}

/// Loads the other part where the page in the browser is of it.
#[cfg(target_arch = "wasm32")]
pub async fn load_for_this_page() {
    let path = window().location().pathname().unwrap_or_default();
    if !is_in_the_first_part(&path) {
        __preload_behind_the_list().await;
    }
}

/// Whether a page is in the part that is always loaded: the list of apps, and the way to it.
#[cfg(any(target_arch = "wasm32", test))]
fn is_in_the_first_part(path: &str) -> bool {
    ["", paths::apps().as_str()].contains(&path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::is_in_the_first_part;

    #[test]
    fn the_list_of_apps_comes_first() {
        for (path, first) in [
            ("/", true),
            ("/apps", true),
            ("/apps/", true),
            ("/apps/shop", false),
            ("/operations", false),
        ] {
            assert_eq!(is_in_the_first_part(path), first, "{path}");
        }
    }
}
