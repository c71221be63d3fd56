//! Something that is shown when asked for, with and without JavaScript.

use crate::ui::button::ButtonKind;
use crate::ui::dismiss::{return_to_summary, use_dismiss};
use leptos::ev::MouseEvent;
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
    /// Why it cannot be opened; nothing when it can. What is open stays open.
    #[prop(optional, into)]
    reason: Signal<Option<String>>,
    /// Whether what it is for has been done: then it closes.
    #[prop(optional, into)]
    done: Signal<bool>,
    /// What is shown.
    children: Children,
) -> impl IntoView {
    let details = NodeRef::<html::Details>::new();
    let keys = use_dismiss(details);
    Effect::new(move || {
        if done.get() {
            return_to_summary(details);
        }
    });
    let press = move |event: MouseEvent| {
        let shut = details
            .try_get_untracked()
            .flatten()
            .is_none_or(|details| !details.open());
        if shut && reason.with_untracked(Option::is_some) {
            event.prevent_default();
        }
    };
    view! {
        <details class="disclosure" open=move || open.get() node_ref=details on:keydown=keys>
            <summary
                class=kind.class()
                aria-disabled=move || reason.with(Option::is_some).then_some("true")
                aria-description=move || reason.get()
                data-reason=move || reason.get()
                on:click=press
            >
                {summary}
            </summary>
            <div class="disclosure__body">{children()}</div>
        </details>
    }
}
