//! Closing what dropped down: Escape, or a press elsewhere.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDetailsElement, HtmlElement, Node};

/// Closes an open element.
pub fn close(details: NodeRef<html::Details>) {
    if let Some(details) = details.try_get_untracked().flatten() {
        details.set_open(false);
    }
}

/// Closes the element on a press elsewhere. Gives what to do with its keys: Escape closes it too, and
/// the focus goes back to the word that opened it.
pub fn use_dismiss(details: NodeRef<html::Details>) -> impl Fn(ev::KeyboardEvent) + Copy {
    Effect::new(move || {
        let elsewhere = window_event_listener(ev::pointerdown, move |event| {
            let target = event
                .target()
                .and_then(|target| target.dyn_into::<Node>().ok());
            let inside = details
                .try_get_untracked()
                .flatten()
                .is_some_and(|details| details.contains(target.as_ref()));
            if !inside {
                close(details);
            }
        });
        on_cleanup(move || elsewhere.remove());
    });
    move |event| {
        let open = details
            .try_get_untracked()
            .flatten()
            .filter(|details| event.key() == "Escape" && details.open());
        if open.is_some() {
            return_to_summary(details);
        }
    }
}

/// Closes an open element and gives the focus back to the word that opened it.
pub fn return_to_summary(details: NodeRef<html::Details>) {
    let open = details.try_get_untracked().flatten();
    let Some(open) = open.filter(HtmlDetailsElement::open) else {
        return;
    };
    open.set_open(false);
    let summary = open.query_selector("summary").ok().flatten();
    if let Some(summary) = summary.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
        let _ = summary.focus();
    }
}
