//! Text that is taken elsewhere: copied by a button, masked until it is asked for.

use crate::ui::button::{Button, ButtonKind};
use crate::ui::icon::{Icon, Shape};
use leptos::html;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copying {
    Ready,
    Done,
    ByHand,
}

/// A button that copies a text. Where the browser has no clipboard for the page, it shows the text
/// selected, ready to be copied by hand.
#[component]
pub fn CopyButton(
    /// What is copied: `Copy address`.
    #[prop(into)]
    label: String,
    /// The text.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let state = RwSignal::new(Copying::Ready);
    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let (Copying::ByHand, Some(input)) = (state.get(), input.get()) {
            let _ = input.focus();
            input.select();
        }
    });
    let said = move || match state.get() {
        Copying::Ready => "",
        Copying::Done => "Copied.",
        Copying::ByHand => "Selected. Press Ctrl C or ⌘ C.",
    };
    let words = label.clone();
    view! {
        <span class="copy">
            <button
                class="button button--plain button--small copy__button"
                type="button"
                data-done=move || (state.get() == Copying::Done).then_some("true")
                on:click=move |_| copy(text.get_untracked(), state)
            >
                <Icon shape=Shape::Copy />
                <span>{move || if state.get() == Copying::Done { "Copied".to_owned() } else { words.clone() }}</span>
            </button>
            <span class="copy__hand" hidden=move || state.get() != Copying::ByHand>
                <input
                    class="input mono"
                    type="text"
                    readonly
                    aria-label=label
                    node_ref=input
                    prop:value=move || text.get()
                    on:blur=move |_| state.set(Copying::Ready)
                />
                <span class="soft">"Press Ctrl C or ⌘ C"</span>
            </span>
            <span class="visually-hidden" role="status">{said}</span>
        </span>
    }
}

fn copy(text: String, state: RwSignal<Copying>) {
    if !window().is_secure_context() {
        state.set(Copying::ByHand);
        return;
    }
    let done = Closure::once(move |_: JsValue| {
        state.set(Copying::Done);
        set_timeout(move || state.set(Copying::Ready), Duration::from_secs(2));
    });
    let refused = Closure::once(move |_: JsValue| state.set(Copying::ByHand));
    let _ = window()
        .navigator()
        .clipboard()
        .write_text(&text)
        .then2(&done, &refused);
    done.forget();
    refused.forget();
}

/// A secret that is hidden until somebody asks for it.
#[component]
pub fn Masked(
    /// What it is: `Password`.
    #[prop(into)]
    label: String,
    /// The secret, once the server has given it out.
    #[prop(into)]
    value: Signal<Option<String>>,
    /// Asks the server for it; without one, the button submits the form around it.
    #[prop(optional, into)]
    on_reveal: Option<Callback<()>>,
    /// Why it is not shown to this person.
    #[prop(optional, into)]
    reason: Signal<Option<String>>,
) -> impl IntoView {
    let shown = RwSignal::new(true);
    let visible = move || value.get().filter(|_| shown.get());
    let text = Signal::derive(move || value.get().unwrap_or_default());
    let reveal = move |()| {
        shown.set(true);
        if let (None, Some(on_reveal)) = (value.get_untracked(), on_reveal) {
            on_reveal.run(());
        }
    };
    // The pressed button goes; the focus passes to the one that takes its place.
    let buttons = NodeRef::<html::Span>::new();
    Effect::new(move |before: Option<bool>| {
        let seen = visible().is_some();
        if before.is_some_and(|before| before != seen) {
            request_animation_frame(move || focus_first_button(buttons));
        }
        seen
    });
    let copy_label = format!("Copy {}", label.to_lowercase());
    let submits = on_reveal.is_none() && value.get_untracked().is_none();
    let (reveal_words, hide_words) = (label.clone(), label.clone());
    view! {
        <span class="masked">
            <span class="visually-hidden">{label}</span>
            <code class="masked__text">
                {move || visible().unwrap_or_else(|| "••••••••••••".to_owned())}
            </code>
            <span class="masked__buttons" node_ref=buttons>
                <span hidden=move || visible().is_some()>
                    <Button
                        kind=ButtonKind::Plain
                        type_=if submits { "submit" } else { "button" }
                        reason
                        on_press=reveal
                    >
                        <Icon shape=Shape::Reveal />
                        <span>"Reveal"</span>
                        <span class="visually-hidden">{reveal_words}</span>
                    </Button>
                </span>
                <span class="masked__shown" hidden=move || visible().is_none()>
                    <Button kind=ButtonKind::Plain on_press=move |()| shown.set(false)>
                        <Icon shape=Shape::Hide />
                        <span>"Hide"</span>
                        <span class="visually-hidden">{hide_words}</span>
                    </Button>
                    <CopyButton label=copy_label text />
                </span>
            </span>
        </span>
    }
}

fn focus_first_button(buttons: NodeRef<html::Span>) {
    let found = buttons.try_get_untracked().flatten().and_then(|buttons| {
        buttons
            .query_selector(":scope > span:not([hidden]) button")
            .ok()
            .flatten()
    });
    if let Some(button) = found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = button.focus();
    }
}
