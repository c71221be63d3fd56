//! A number within limits: a slider to feel it, an input to say it.

use crate::ui::typed::take_typed;
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
    /// The number with its unit.
    format: fn(u32) -> String,
) -> impl IntoView {
    let range_label = format!("{label}, slider");
    let rule_id = format!("{id}-rule");
    let wrong = RwSignal::new(false);
    let take = move |text: String| {
        let number = within(&text, min, max.get_untracked(), step);
        wrong.set(number.is_none());
        if let Some(number) = number {
            value.set(number);
        }
    };
    // While a number is typed only an allowed one counts; what is left at the end is brought to one.
    let follow = move |text: String| {
        let number = within(&text, min, max.get_untracked(), step)
            .filter(|number| text.trim() == number.to_string());
        wrong.set(number.is_none());
        if let Some(number) = number {
            value.set(number);
        }
    };
    take_typed(Some(&id), take);
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
                on:input=move |event| follow(event_target_value(&event))
                on:change=move |event| take(event_target_value(&event))
            />
            <small class="slider__rule" id=rule_id role="status">
                {move || wrong.get().then(rule)}
            </small>
        </div>
    }
}

/// The typed number, brought to the nearest one that the limits and the step allow.
fn within(text: &str, min: u32, max: u32, step: u32) -> Option<u32> {
    let typed: u32 = text.trim().parse().ok()?;
    let typed = typed.clamp(min, max.max(min));
    let step = step.max(1);
    let steps = (typed - min).saturating_add(step / 2) / step;
    let number = min.saturating_add(steps.saturating_mul(step));
    Some(if number > max.max(min) {
        number - step
    } else {
        number
    })
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn a_typed_number_lands_on_an_allowed_one() {
        assert_eq!(within("3", 1, 4, 1), Some(3));
        assert_eq!(within(" 99 ", 1, 4, 1), Some(4));
        assert_eq!(within("0", 1, 4, 1), Some(1));
        assert_eq!(within("700", 512, 4096, 256), Some(768));
        assert_eq!(within("4000", 512, 4000, 256), Some(3840));
        assert_eq!(within("x", 1, 4, 1), None);
        assert_eq!(within("5", 3, 2, 0), Some(3));
    }
}
