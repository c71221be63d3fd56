//! A choice among many: the browser's own list.

use crate::ui::field::FieldWiring;
use crate::ui::preserve_input::preserve_choice;
use leptos::prelude::*;

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectOption {
    /// What the form sends.
    pub value: String,
    /// What a person reads.
    pub label: String,
    /// Whether it can be chosen.
    pub disabled: bool,
}

impl SelectOption {
    /// A line that can be chosen.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
            disabled: false,
        }
    }
}

/// A choice from a list.
#[component]
pub fn Select(
    /// The name in the form.
    #[prop(into)]
    name: String,
    /// The lines.
    options: Vec<SelectOption>,
    /// The id, when it stands outside a field.
    #[prop(optional, into)]
    id: Option<String>,
    /// The chosen value.
    #[prop(optional, into)]
    value: Signal<String>,
    /// What is done with each choice.
    #[prop(optional, into)]
    on_change: Option<Callback<String>>,
) -> impl IntoView {
    let wiring = use_context::<FieldWiring>();
    let id = id.or_else(|| wiring.as_ref().map(|wiring| wiring.id.clone()));
    let invalid = wiring.as_ref().map(|wiring| wiring.invalid);
    let described_by = wiring.as_ref().map(|wiring| wiring.described_by);
    let chosen = value.get_untracked();
    let changed = move |value: String| {
        if let Some(on_change) = on_change {
            on_change.run(value);
        }
    };
    preserve_choice(id.as_deref(), &chosen, changed);
    let lines = options
        .into_iter()
        .map(|option| {
            let selected = option.value == chosen;
            let own = option.value.clone();
            view! {
                <option
                    value=option.value
                    selected=selected
                    prop:selected=move || value.with(|value| *value == own)
                    disabled=option.disabled
                >
                    {option.label}
                </option>
            }
        })
        .collect_view();
    view! {
        <span class="select">
            <select
                class="input"
                id=id
                name=name
                aria-invalid=move || invalid.is_some_and(|invalid| invalid.get()).then_some("true")
                aria-describedby=move || described_by.and_then(|ids| ids.get())
                on:change=move |event| changed(event_target_value(&event))
            >
                {lines}
            </select>
        </span>
    }
}
