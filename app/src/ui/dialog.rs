//! A question that must be answered before going on.

use crate::ui::button::IconButton;
use crate::ui::icon::Shape;
use leptos::html;
use leptos::prelude::*;

/// A modal dialog on the browser's own element: focus stays in it, Escape closes it, and focus
/// returns to where it was. It cannot open without JavaScript; offer a `Disclosure` or a page there.
#[component]
pub fn Dialog(
    /// The id of the dialog.
    #[prop(into)]
    id: String,
    /// What is asked.
    #[prop(into)]
    title: String,
    /// Whether it is open; turns false however it is closed.
    open: RwSignal<bool>,
    /// Effects first, then the form with its buttons.
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let title_id = format!("{id}-title");
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        match (open.get(), dialog.open()) {
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    view! {
        <dialog
            class="dialog"
            id=id
            node_ref=dialog
            aria-labelledby=title_id
            on:close=move |_| open.set(false)
        >
            <header class="dialog__head">
                <h2 id=title_id.clone()>{title}</h2>
                <IconButton label="Close" icon=Shape::Close on_press=move |()| open.set(false) />
            </header>
            <div class="dialog__body">{children()}</div>
        </dialog>
    }
}
