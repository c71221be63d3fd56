//! The page of all primitives, in builds for development.

use crate::gallery::GalleryPage;
use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};

/// The one way into this area, which is loaded first where it is not there.
#[wasm_split(gallery, wasm_split_path = ::leptos::wasm_split, preload(#[doc = "Loads the area, where it is not there."] load), fallible)]
pub fn gallery() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <GalleryPage /> }.into_any())
}
