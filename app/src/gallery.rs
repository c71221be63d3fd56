//! The page that shows every primitive in all its states, for those who build the portal.

use leptos::prelude::*;

/// The gallery.
#[component]
pub fn GalleryPage() -> impl IntoView {
    view! { <p>"Gallery"</p> }
}
