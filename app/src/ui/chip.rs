//! How something is: a word, a shape and a colour, never a colour alone.

use domain::states::{Status, Tone};
use leptos::prelude::*;

/// The status of a thing.
#[component]
pub fn StatusChip(
    /// Tone and word.
    #[prop(into)]
    status: Signal<Status>,
) -> impl IntoView {
    view! {
        <span class="chip" data-state=move || status.with(|status| status.tone.as_str())>
            {move || status.with(|status| status.label.clone())}
        </span>
    }
}

/// A tone with a word of the page's own.
#[component]
pub fn Chip(
    /// The tone.
    #[prop(into)]
    tone: Signal<Tone>,
    /// The word.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    view! {
        <span class="chip" data-state=move || tone.get().as_str()>
            {move || label.get()}
        </span>
    }
}

/// A short neutral mark: a region's code, a generation.
#[component]
pub fn Tag(
    /// The mark.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    view! { <span class="tag">{label}</span> }
}
