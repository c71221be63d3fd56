//! A list that drops down from a word, on the browser's own element, so that it opens without JavaScript.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use wasm_bindgen::JsCast;
use web_sys::Node;

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
    let close = move || {
        if let Some(details) = details.get_untracked() {
            details.set_open(false);
        }
    };
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path) {
            close();
        }
        path
    });
    Effect::new(move || {
        let elsewhere = window_event_listener(ev::pointerdown, move |event| {
            let target = event
                .target()
                .and_then(|target| target.dyn_into::<Node>().ok());
            let inside = details
                .get_untracked()
                .is_some_and(|details| details.contains(target.as_ref()));
            if !inside {
                close();
            }
        });
        on_cleanup(move || elsewhere.remove());
    });
    let escape = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            close();
            let summary = details
                .get_untracked()
                .and_then(|details| details.query_selector("summary").ok().flatten())
                .and_then(|summary| summary.dyn_into::<web_sys::HtmlElement>().ok());
            if let Some(summary) = summary {
                let _ = summary.focus();
            }
        }
    };
    view! {
        <details class=format!("menu {class}") node_ref=details on:keydown=escape>
            <summary class="menu__summary" aria-label=label>{summary}</summary>
            <div class="menu__sheet">{children()}</div>
        </details>
    }
}
