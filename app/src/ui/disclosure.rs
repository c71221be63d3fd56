//! Something that is shown when asked for, with and without JavaScript.

use crate::ui::button::ButtonKind;
use crate::ui::dismiss::use_dismiss;
use leptos::html;
use leptos::prelude::*;

/// A summary that opens what belongs to it, on the browser's own element. A living page also closes
/// it on Escape and on a press elsewhere.
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
    let details = NodeRef::<html::Details>::new();
    let keys = use_dismiss(details);
    view! {
        <details class="disclosure" open=move || open.get() node_ref=details on:keydown=keys>
            <summary class=kind.class()>{summary}</summary>
            <div class="disclosure__body">{children()}</div>
        </details>
    }
}
