//! Choices that are worth seeing all at once: cards of which one is taken, boxes of which some are.

use crate::ui::chip::{StatusChip, Tag};
use crate::ui::facts::Facts;
use crate::ui::field::Lines;
use crate::ui::preserve_input::preserve_checked;
use domain::states::Status;
use leptos::prelude::*;

/// One card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RadioCard {
    /// What the form sends.
    pub value: String,
    /// What a person reads.
    pub title: String,
    /// A short mark beside the title; empty for none.
    pub tag: String,
    /// What choosing it means: names and words.
    pub facts: Vec<(String, String)>,
    /// Its state.
    pub chip: Option<Status>,
    /// Why it cannot be chosen; it stays visible.
    pub disabled_reason: Option<String>,
}

/// Cards of which one is taken.
#[component]
pub fn RadioCards(
    /// What is chosen, in words.
    #[prop(into)]
    legend: String,
    /// The name in the form.
    #[prop(into)]
    name: String,
    /// The cards.
    options: Vec<RadioCard>,
    /// The value of the taken one.
    selected: RwSignal<String>,
    /// What the choice is about.
    #[prop(optional, into)]
    hint: Signal<Option<String>>,
    /// Why the choice was refused.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    let cards = options
        .into_iter()
        .map(|card| view! { <Card name=name.clone() card selected /> })
        .collect_view();
    let (hint_id, error_id) = (format!("{name}-hint"), format!("{name}-error"));
    let ids = format!("{error_id} {hint_id}");
    view! {
        <fieldset
            class="choice"
            aria-describedby=ids
            data-invalid=move || error.with(Option::is_some).then_some("true")
        >
            <legend>{legend}</legend>
            <Lines hint_id hint error_id error />
            <div class="cards">{cards}</div>
        </fieldset>
    }
}

#[component]
fn Card(name: String, card: RadioCard, selected: RwSignal<String>) -> impl IntoView {
    let id = format!("{name}-{}", card.value);
    let facts_id = format!("{id}-facts");
    let disabled = card.disabled_reason.is_some();
    let value = StoredValue::new(card.value.clone());
    let taken = move || value.with_value(|value| selected.with(|selected| selected == value));
    let initially = selected.with_untracked(|selected| *selected == card.value);
    let take = move |on: bool| {
        if on {
            selected.set(value.get_value());
        }
    };
    preserve_checked(&id, take);
    view! {
        <div class="card" data-disabled=disabled.then_some("true")>
            <input
                class="card__input"
                type="radio"
                id=id.clone()
                name=name
                value=card.value
                checked=initially
                prop:checked=taken
                disabled=disabled
                aria-describedby=facts_id.clone()
                on:change=move |_| take(true)
            />
            <div class="card__head">
                <label class="card__title" for=id>{card.title}</label>
                {(!card.tag.is_empty()).then(|| view! { <Tag label=card.tag /> })}
            </div>
            <div class="card__body" id=facts_id>
                {(!card.facts.is_empty()).then(|| view! { <Facts rows=card.facts /> })}
                {card.chip.map(|status| view! { <StatusChip status /> })}
                {card.disabled_reason.map(|reason| view! { <p class="card__reason">{reason}</p> })}
            </div>
        </div>
    }
}

/// One box.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Check {
    /// What the form sends.
    pub value: String,
    /// What a person reads.
    pub label: String,
    /// What ticking it means; empty for nothing to say.
    pub hint: String,
}

/// Boxes of which some are ticked.
#[component]
pub fn CheckGroup(
    /// What is chosen, in words.
    #[prop(into)]
    legend: String,
    /// The name in the form.
    #[prop(into)]
    name: String,
    /// The boxes.
    options: Vec<Check>,
    /// The values of the ticked ones, in the order of the boxes.
    selected: RwSignal<Vec<String>>,
    /// What the choice is about.
    #[prop(optional, into)]
    hint: Signal<Option<String>>,
    /// Why the choice was refused.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    let key: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let order: Vec<String> = options.iter().map(|option| option.value.clone()).collect();
    let order = StoredValue::new(order);
    let boxes = options
        .into_iter()
        .map(|check| view! { <TickBox key=key.clone() name=name.clone() check selected order /> })
        .collect_view();
    let (hint_id, error_id) = (format!("{key}-hint"), format!("{key}-error"));
    let ids = format!("{error_id} {hint_id}");
    view! {
        <fieldset
            class="choice"
            aria-describedby=ids
            data-invalid=move || error.with(Option::is_some).then_some("true")
        >
            <legend>{legend}</legend>
            <Lines hint_id hint error_id error />
            <div class="checks">{boxes}</div>
        </fieldset>
    }
}

#[component]
fn TickBox(
    key: String,
    name: String,
    check: Check,
    selected: RwSignal<Vec<String>>,
    order: StoredValue<Vec<String>>,
) -> impl IntoView {
    let id = format!("{key}-{}", check.value);
    let hint_id = format!("{id}-hint");
    let value = StoredValue::new(check.value.clone());
    let ticked = move || value.with_value(|value| selected.with(|all| all.contains(value)));
    let initially = selected.with_untracked(|all| all.contains(&check.value));
    let turn = move |on: bool| {
        let value = value.get_value();
        selected.update(|all| *all = order.with_value(|order| with_tick(order, all, &value, on)));
    };
    preserve_checked(&id, turn);
    view! {
        <div class="check">
            <input
                class="check__input"
                type="checkbox"
                id=id.clone()
                name=name
                value=check.value
                checked=initially
                prop:checked=ticked
                aria-describedby=(!check.hint.is_empty()).then(|| hint_id.clone())
                on:change=move |event| turn(event_target_checked(&event))
            />
            <label class="check__label" for=id>{check.label}</label>
            {(!check.hint.is_empty())
                .then(|| view! { <p class="check__hint" id=hint_id>{check.hint}</p> })}
        </div>
    }
}

/// The ticked values after one box was turned: in the order of the boxes, what is not a box kept last.
fn with_tick(order: &[String], ticked: &[String], value: &str, on: bool) -> Vec<String> {
    let stays = |each: &&String| {
        if *each == value {
            on
        } else {
            ticked.contains(each)
        }
    };
    let others = ticked.iter().filter(|each| !order.contains(each));
    order.iter().filter(stays).chain(others).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::with_tick;

    #[test]
    fn ticks_keep_the_order_of_the_boxes() {
        let order = ["a", "b", "c"].map(str::to_owned);
        let ticked = ["c", "own"].map(str::to_owned);
        assert_eq!(with_tick(&order, &ticked, "a", true), ["a", "c", "own"]);
        assert_eq!(with_tick(&order, &ticked, "c", false), ["own"]);
    }
}
