//! Pages of an app, and the form that makes one.

use crate::apps::create::CreateAppPage;
use crate::apps::overview::AppPage;
use crate::apps::settings::AppSettingsPage;
use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};

/// A page of this area.
#[derive(Debug, Clone, Copy)]
pub enum Apps {
    /// The form that makes an app.
    Create,
    /// An app.
    Overview,
    /// Its settings.
    Settings,
}

/// The one way into this area, which is loaded first where it is not there.
#[wasm_split(apps, wasm_split_path = ::leptos::wasm_split, preload(#[doc = "Loads the area, where it is not there."] load), fallible)]
pub fn apps(page: Apps) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Apps::Create => view! { <CreateAppPage /> }.into_any(),
        Apps::Overview => view! { <AppPage /> }.into_any(),
        Apps::Settings => view! { <AppSettingsPage /> }.into_any(),
    })
}
