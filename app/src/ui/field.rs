//! A form field: label, hint and error, wired to the control they belong to.

use leptos::context::Provider;
use leptos::prelude::*;

/// What a control inside a field takes over from it.
#[derive(Debug, Clone)]
pub struct FieldWiring {
    /// The id of the control, which the label points to.
    pub id: String,
    /// The ids of hint and error, as far as they are shown.
    pub described_by: Signal<Option<String>>,
    /// Whether the field was refused.
    pub invalid: Signal<bool>,
}

/// A labelled field. The control among the children takes its id and its descriptions from here.
#[component]
pub fn Field(
    /// The id of the control.
    #[prop(into)]
    id: String,
    /// What the field is, in words.
    #[prop(into)]
    label: String,
    /// What may be written, or what the text will become.
    #[prop(optional, into)]
    hint: Signal<Option<String>>,
    /// Why the text was refused: rule and remedy.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// One control.
    children: Children,
) -> impl IntoView {
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let described_by = {
        let (hint_id, error_id) = (hint_id.clone(), error_id.clone());
        Signal::derive(
            move || match (hint.with(Option::is_some), error.with(Option::is_some)) {
                (true, true) => Some(format!("{error_id} {hint_id}")),
                (true, false) => Some(hint_id.clone()),
                (false, true) => Some(error_id.clone()),
                (false, false) => None,
            },
        )
    };
    let wiring = FieldWiring {
        id: id.clone(),
        described_by,
        invalid: Signal::derive(move || error.with(Option::is_some)),
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <Provider value=wiring>{children()}</Provider>
            <Lines hint_id hint error_id error />
        </div>
    }
}

/// The lines under a control: why it was refused, and what may be written.
#[component]
pub(crate) fn Lines(
    hint_id: String,
    hint: Signal<Option<String>>,
    error_id: String,
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <p class="field__error" id=error_id hidden=move || error.with(Option::is_none)>
            {move || error.get().unwrap_or_default()}
        </p>
        <p class="field__hint" id=hint_id aria-live="polite" hidden=move || hint.with(Option::is_none)>
            {move || hint.get().unwrap_or_default()}
        </p>
    }
}
