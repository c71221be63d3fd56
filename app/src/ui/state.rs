//! What a page shows when it has nothing to show: nothing there yet, or something went wrong.

use crate::ui::copy::CopyButton;
use leptos::prelude::*;

/// Nothing there yet, and what to do about it.
#[component]
pub fn EmptyState(
    /// What is missing: `No apps yet`.
    #[prop(into)]
    title: String,
    /// One sentence on how it comes about.
    #[prop(into)]
    text: String,
    /// At most one action.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="state">
            <svg class="state__picture" viewBox="0 0 96 56" aria-hidden="true" focusable="false">
                <path d="M8 50h80M18 50V26l14-9 14 9v24M28 50V38h8v12"></path>
                <path class="state__faint" d="M56 50V30l11-7 11 7v20M64 50v-9h6v9"></path>
            </svg>
            <h2 class="state__title">{title}</h2>
            <p class="state__text">{text}</p>
            {children.map(|children| view! { <div class="state__action">{children()}</div> })}
        </div>
    }
}

/// Something went wrong: what, why, what to do, and under which id the log knows more.
#[component]
pub fn ErrorState(
    /// What failed.
    #[prop(into)]
    what: String,
    /// Why.
    #[prop(optional_no_strip)]
    why: Option<String>,
    /// What to do.
    #[prop(optional_no_strip)]
    remedy: Option<String>,
    /// The id of the request in the log.
    #[prop(optional_no_strip)]
    request_id: Option<String>,
    /// At most one action.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="state state--error" role="alert">
            <h2 class="state__title">{what}</h2>
            {why.map(|why| view! { <p class="state__text">{why}</p> })}
            {remedy.map(|remedy| view! { <p class="state__text">{remedy}</p> })}
            {request_id
                .map(|id| {
                    view! {
                        <p class="state__id">
                            <span>"Request " <code>{id.clone()}</code></span>
                            <CopyButton label="Copy request id" text=id />
                        </p>
                    }
                })}
            {children.map(|children| view! { <div class="state__action">{children()}</div> })}
        </div>
    }
}
