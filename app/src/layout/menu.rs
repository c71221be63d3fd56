//! A list that drops down from a word, on the browser's own element, so that it opens without JavaScript.

use crate::ui::dismiss::{close, use_dismiss};
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// A drop-down. A living page also closes it on Escape, on a press elsewhere and on navigation.
#[component]
pub fn Menu(
    /// What it is, for those who do not see it.
    #[prop(into)]
    label: String,
    /// A class for its place.
    class: &'static str,
    /// What is always seen and opens it.
    summary: AnyView,
    /// What drops down.
    children: Children,
) -> impl IntoView {
    let details = NodeRef::<html::Details>::new();
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path) {
            close(details);
        }
        path
    });
    let keys = use_dismiss(details);
    view! {
        <details class=format!("menu {class}") node_ref=details on:keydown=keys>
            <summary class="menu__summary" aria-label=label>{summary}</summary>
            <div class="menu__sheet">{children()}</div>
        </details>
    }
}
