//! One line of text.

use crate::ui::field::FieldWiring;
use crate::ui::preserve_input::preserve_text;
use leptos::prelude::*;

/// A line of text. Inside a field it takes the field's id and descriptions; further attributes
/// (`maxlength`, `required`, `inputmode`) come with `attr:`.
#[component]
pub fn TextInput(
    /// The name in the form.
    #[prop(into)]
    name: String,
    /// The id, when the input stands outside a field.
    #[prop(optional, into)]
    id: Option<String>,
    /// The text: an initial one, or a signal that keeps it.
    #[prop(optional, into)]
    value: Signal<String>,
    /// What a browser may fill in; nothing by default.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Whether the text is something a machine reads: addresses, names of files.
    #[prop(optional)]
    mono: bool,
    /// What is done with each change.
    #[prop(optional, into)]
    on_input: Option<Callback<String>>,
) -> impl IntoView {
    let wiring = use_context::<FieldWiring>();
    let id = id.or_else(|| wiring.as_ref().map(|wiring| wiring.id.clone()));
    let invalid = wiring.as_ref().map(|wiring| wiring.invalid);
    let described_by = wiring.as_ref().map(|wiring| wiring.described_by);
    let changed = move |text: String| {
        if let Some(on_input) = on_input {
            on_input.run(text);
        }
    };
    preserve_text(id.as_deref(), changed);
    view! {
        <input
            class="input"
            class:mono=mono
            type="text"
            id=id
            name=name
            value=value.get_untracked()
            prop:value=move || value.get()
            autocomplete=autocomplete
            spellcheck="false"
            aria-invalid=move || invalid.is_some_and(|invalid| invalid.get()).then_some("true")
            aria-describedby=move || described_by.and_then(|ids| ids.get())
            on:input=move |event| changed(event_target_value(&event))
        />
    }
}

/// A control with fixed text after it, such as the domain after a subdomain.
#[component]
pub fn Affix(
    /// The text after the control.
    #[prop(into)]
    after: Signal<String>,
    /// One control.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="affix">
            {children()}
            <span class="affix__text mono">{move || after.get()}</span>
        </div>
    }
}
