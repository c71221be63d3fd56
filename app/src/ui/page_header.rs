//! The head of every page: title, one sentence, actions.

use crate::ui::route_announcer::use_route_announcer;
use crate::ui::slots::{Actions, Sentence};
use leptos::html;
use leptos::prelude::*;
use leptos_meta::Title;

/// The head of a page. It also sets the title of the window and is where focus goes on navigation.
#[component]
pub fn PageHeader(
    /// The title.
    #[prop(into)]
    title: Signal<String>,
    /// What the window is called, if more than the title; such as `Test · Shop`.
    #[prop(optional, into)]
    window: Signal<Option<String>>,
    /// How things are and what happens next.
    #[prop(optional)]
    sentence: Option<Sentence>,
    /// What can be done, the primary act first.
    #[prop(optional)]
    actions: Option<Actions>,
) -> impl IntoView {
    let heading = NodeRef::<html::H1>::new();
    use_route_announcer(heading, title);
    // The server asks for the window's title when the page is done and its signals may be gone.
    let first = window
        .get_untracked()
        .unwrap_or_else(|| title.get_untracked());
    let window_title = move || {
        let now = window.try_get().flatten().or_else(|| title.try_get());
        now.unwrap_or_else(|| first.clone())
    };
    view! {
        <Title text=window_title />
        <header class="page-header">
            <div class="page-header__words">
                <h1 tabindex="-1" node_ref=heading>{move || title.get()}</h1>
                {sentence
                    .map(|sentence| {
                        view! { <div class="page-header__sentence">{(sentence.children)()}</div> }
                    })}
            </div>
            {actions
                .map(|actions| {
                    view! { <div class="page-header__actions">{(actions.children)()}</div> }
                })}
        </header>
    }
}
