//! A part of a page with a title.

use crate::ui::slots::Actions;
use leptos::prelude::*;

/// A titled part of a page.
#[component]
pub fn Panel(
    /// What it holds; with an empty one there is no head.
    #[prop(optional, into)]
    title: Signal<String>,
    /// A small fact, a link or a button beside the title.
    #[prop(optional)]
    actions: Option<Actions>,
    /// Whether the content reaches the edges, as a table does.
    #[prop(optional)]
    flush: bool,
    /// The content.
    children: Children,
) -> impl IntoView {
    let head = (actions.is_some() || title.with_untracked(|title| !title.is_empty())).then(|| {
        view! {
            <header class="panel__head">
                <h2>{move || title.get()}</h2>
                {actions.map(|actions| view! { <div class="panel__actions">{(actions.children)()}</div> })}
            </header>
        }
    });
    view! {
        <section class="panel">
            {head}
            <div class=if flush { "panel__flush" } else { "panel__body" }>{children()}</div>
        </section>
    }
}
