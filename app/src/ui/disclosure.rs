//! Something that is shown when asked for, with and without JavaScript.

use crate::ui::button::ButtonKind;
use leptos::prelude::*;

/// A summary that opens what belongs to it, on the browser's own element.
#[component]
pub fn Disclosure(
    /// What opens it: a verb and its object.
    #[prop(into)]
    summary: String,
    /// How much the summary asks for attention.
    #[prop(optional)]
    kind: ButtonKind,
    /// Whether it is open at first, such as when its form was refused.
    #[prop(optional, into)]
    open: Signal<bool>,
    /// What is shown.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="disclosure" open=move || open.get()>
            <summary class=kind.class()>{summary}</summary>
            <div class="disclosure__body">{children()}</div>
        </details>
    }
}
