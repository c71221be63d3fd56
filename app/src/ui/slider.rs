//! A number within limits: a slider to feel it, an input to say it.

use crate::ui::preserve_input::preserve_text;
use leptos::prelude::*;

/// A slider and a number input that always agree. The input carries the name, so that the form says
/// the same without JavaScript, where the slider is not shown.
#[component]
pub fn Slider(
    /// The id of the number input.
    #[prop(into)]
    id: String,
    /// The name in the form.
    #[prop(into)]
    name: String,
    /// What the number is, in words.
    #[prop(into)]
    label: String,
    /// The smallest number.
    #[prop(default = 1)]
    min: u32,
    /// The greatest number.
    #[prop(into)]
    max: Signal<u32>,
    /// The distance between two numbers.
    #[prop(default = 1)]
    step: u32,
    /// The number.
    value: RwSignal<u32>,
    /// Whether what is typed is none of the numbers; it stays as it was typed.
    #[prop(default = RwSignal::new(false))]
    wrong: RwSignal<bool>,
    /// The number with its unit.
    format: fn(u32) -> String,
) -> impl IntoView {
    let range_label = format!("{label}, slider");
    let rule_id = format!("{id}-rule");
    let take = move |text: String| {
        let number = allowed(&text, min, max.get_untracked(), step);
        wrong.set(number.is_none());
        if let Some(number) = number {
            value.set(number);
        }
    };
    preserve_text(Some(&id), take);
    let rule = move || match step {
        1 => format!("A whole number from {min} to {}.", max.get()),
        _ => format!("From {min} to {}, in steps of {step}.", max.get()),
    };
    view! {
        <div class="slider">
            <label class="slider__label" for=id.clone()>{label}</label>
            <span class="slider__words" aria-hidden="true">{move || format(value.get())}</span>
            <input
                class="slider__range"
                type="range"
                aria-label=range_label
                min=min
                max=move || max.get()
                step=step
                value=value.get_untracked()
                prop:value=move || value.get().to_string()
                aria-valuetext=move || format(value.get())
                on:input=move |event| take(event_target_value(&event))
            />
            <input
                class="input slider__number"
                type="number"
                inputmode="numeric"
                id=id
                name=name
                aria-invalid=move || wrong.get().then_some("true")
                aria-describedby=rule_id.clone()
                min=min
                max=move || max.get()
                step=step
                value=value.get_untracked()
                prop:value=move || value.get().to_string()
                on:input=move |event| take(event_target_value(&event))
            />
            <small class="slider__rule" id=rule_id role="status">
                {move || wrong.get().then(rule)}
            </small>
        </div>
    }
}

/// The typed number, if the limits and the step allow it.
fn allowed(text: &str, min: u32, max: u32, step: u32) -> Option<u32> {
    let typed: u32 = text.trim().parse().ok()?;
    let fits = (min..=max).contains(&typed) && (typed - min).is_multiple_of(step.max(1));
    fits.then_some(typed)
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn only_an_allowed_number_counts_and_none_becomes_another() {
        assert_eq!(allowed("3", 1, 4, 1), Some(3));
        assert_eq!(allowed(" 768 ", 512, 4096, 256), Some(768));
        for (text, min, max, step) in [
            ("99", 1, 4, 1),
            ("0", 1, 4, 1),
            ("700", 512, 4096, 256),
            ("x", 1, 4, 1),
            ("", 1, 4, 1),
            ("2.5", 1, 4, 1),
        ] {
            assert_eq!(allowed(text, min, max, step), None, "{text}");
        }
    }
}
