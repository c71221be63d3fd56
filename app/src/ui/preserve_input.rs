//! What a person did to a form before the page was alive.
//!
//! A page can be read and filled in as soon as it is there; its code comes later and would set every
//! control to what the server had sent. So a control looks, before it is taken over, whether it still is
//! as it was sent, and otherwise hands on what it finds as if it were done only now.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};

/// Whether this page, as the server sent it, is just being taken over by its code.
fn being_taken_over() -> bool {
    is_browser()
        && Owner::current_shared_context().is_some_and(|context| context.during_hydration())
}

fn element<E: JsCast>(id: &str) -> Option<E> {
    let found = being_taken_over().then(|| document().get_element_by_id(id))??;
    found.dyn_into().ok()
}

/// Hands the text that somebody typed into the input `id` to `take`.
pub fn preserve_text(id: Option<&str>, take: impl Fn(String) + 'static) {
    let typed = id
        .and_then(element::<HtmlInputElement>)
        .filter(|input| input.value() != input.default_value())
        .map(|input| input.value());
    later(typed, take);
}

/// Hands the choice that somebody made in the list `id` to `take`.
pub fn preserve_choice(id: Option<&str>, initial: &str, take: impl Fn(String) + 'static) {
    let chosen = id
        .and_then(element::<HtmlSelectElement>)
        .map(|list| list.value())
        .filter(|value| value != initial);
    later(chosen, take);
}

/// Tells `take` whether the box or button `id` is on, if somebody turned it.
pub fn preserve_checked(id: &str, take: impl Fn(bool) + 'static) {
    let turned = element::<HtmlInputElement>(id)
        .filter(|input| input.checked() != input.default_checked())
        .map(|input| input.checked());
    later(turned, take);
}

/// The first paint in the browser must be the server's; an effect comes after it.
fn later<T: Clone + 'static>(found: Option<T>, take: impl Fn(T) + 'static) {
    if let Some(found) = found {
        Effect::new(move || untrack(|| take(found.clone())));
    }
}
