//! The way on in a list that goes on.

use crate::ui::button::LinkButton;
use leptos::prelude::*;

/// The way to the first page, where one is not there, and to the page that follows, where there is one.
#[component]
pub fn Pager(
    /// The first page; none on the first page.
    #[prop(into)]
    first: Signal<Option<String>>,
    /// The page that follows.
    #[prop(into)]
    next: Signal<Option<String>>,
    /// What that page holds: `Older packages`.
    more: &'static str,
) -> impl IntoView {
    let link = |href: Signal<Option<String>>, words: &'static str| {
        move || {
            href.get()
                .map(|href| view! { <LinkButton href>{words}</LinkButton> })
        }
    };
    view! {
        <nav class="pager" aria-label="Pages" hidden=move || first.with(Option::is_none) && next.with(Option::is_none)>
            {link(first, "First page")}
            {link(next, more)}
        </nav>
    }
}
