//! Something the page must say before all else.

use domain::states::Tone;
use leptos::prelude::*;

/// A notice within a page.
#[component]
pub fn Notice(
    /// How pressing it is.
    #[prop(into)]
    tone: Signal<Tone>,
    /// What is the matter.
    #[prop(into)]
    title: Signal<String>,
    /// What follows from it, and what can be done.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let role = move || {
        if tone.get() == Tone::Bad {
            "alert"
        } else {
            "status"
        }
    };
    view! {
        <div class="notice" role=role data-state=move || tone.get().as_str()>
            <p class="notice__title">{move || title.get()}</p>
            {children.map(|children| view! { <div class="notice__body">{children()}</div> })}
        </div>
    }
}
