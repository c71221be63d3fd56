//! Pages of an environment.

use crate::environments::debugger::DebuggerPage;
use crate::environments::deploy::DeployPage;
use crate::environments::overview::EnvironmentPage;
use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};

/// A page of this area.
#[derive(Debug, Clone, Copy)]
pub enum Environments {
    /// How it does.
    Overview,
    /// The form that deploys to it.
    Deploy,
    /// Its debugger.
    Debugger,
}

/// The one way into this area, which is loaded first where it is not there.
#[wasm_split(environments, wasm_split_path = ::leptos::wasm_split, preload(#[doc = "Loads the area, where it is not there."] load), fallible)]
pub fn environments(page: Environments) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Environments::Overview => view! { <EnvironmentPage /> }.into_any(),
        Environments::Deploy => view! { <DeployPage /> }.into_any(),
        Environments::Debugger => view! { <DebuggerPage /> }.into_any(),
    })
}
