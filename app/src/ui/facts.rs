//! Names and words in two columns.

use leptos::prelude::*;

/// A list of facts. For facts that are more than words, write the rows as `dt` and `dd` in `FactList`.
#[component]
pub fn Facts(
    /// Names and words.
    rows: Vec<(String, String)>,
) -> impl IntoView {
    let rows = rows
        .into_iter()
        .map(|(name, words)| view! { <dt>{name}</dt><dd>{words}</dd> })
        .collect_view();
    view! { <dl class="facts">{rows}</dl> }
}

/// A list of facts whose rows are written by the page as `dt` and `dd`.
#[component]
pub fn FactList(
    /// The rows.
    children: Children,
) -> impl IntoView {
    view! { <dl class="facts">{children()}</dl> }
}
