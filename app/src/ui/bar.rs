//! Shares of a whole: how much is used, how far something is.

use domain::states::Tone;
use leptos::prelude::*;

/// How much of something is used.
#[component]
pub fn Meter(
    /// What and how much, in words: `612 MB of 1 GB`.
    #[prop(into)]
    label: Signal<String>,
    /// How much of it is used, percent.
    #[prop(into)]
    percent: Signal<u8>,
    /// Whether there is something to look at.
    #[prop(default = Tone::Ok.into(), into)]
    tone: Signal<Tone>,
) -> impl IntoView {
    let percent = Signal::derive(move || percent.get().min(100));
    view! {
        <div
            class="meter"
            role="meter"
            aria-label=move || label.get()
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || percent.get()
            aria-valuetext=move || label.get()
            data-state=move || tone.get().as_str()
        >
            <span class="meter__words">{move || label.get()}</span>
            <Track percent />
        </div>
    }
}

/// How far something is; with no number, that it is under way.
#[component]
pub fn ProgressBar(
    /// What is under way.
    #[prop(into)]
    label: Signal<String>,
    /// Percent, when it is known.
    #[prop(into)]
    value: Signal<Option<u8>>,
) -> impl IntoView {
    let percent = Signal::derive(move || value.get().unwrap_or(0).min(100));
    view! {
        <div
            class="progress"
            role="progressbar"
            aria-label=move || label.get()
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || value.get()
            data-unknown=move || value.get().is_none().then_some("true")
        >
            <Track percent />
        </div>
    }
}

#[component]
fn Track(percent: Signal<u8>) -> impl IntoView {
    view! {
        <svg class="track" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
            <rect class="track__fill" height="6" width=move || percent.get()></rect>
        </svg>
    }
}
