//! Parts of one thing, each with an address of its own.

use leptos::prelude::*;

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TabLink {
    /// Its address.
    pub href: String,
    /// Its name.
    pub label: String,
    /// Whether it is the one on the page.
    pub current: bool,
}

impl TabLink {
    /// A part.
    pub fn new(href: impl Into<String>, label: impl Into<String>, current: bool) -> Self {
        Self {
            href: href.into(),
            label: label.into(),
            current,
        }
    }
}

/// Links to the parts of one thing.
#[component]
pub fn Tabs(
    /// What the parts belong to.
    #[prop(into)]
    label: String,
    /// The parts.
    items: Vec<TabLink>,
) -> impl IntoView {
    let links = items
        .into_iter()
        .map(|tab| {
            view! {
                <li>
                    <a href=tab.href aria-current=tab.current.then_some("page")>{tab.label}</a>
                </li>
            }
        })
        .collect_view();
    view! {
        <nav class="tabs" aria-label=label>
            <ul>{links}</ul>
        </nav>
    }
}
