//! A real table: caption, head and body.

use leptos::prelude::*;

/// The head of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    label: String,
    class: Option<&'static str>,
    silent: bool,
}

impl Column {
    /// A column of words.
    pub fn text(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            class: None,
            silent: false,
        }
    }

    /// A column of numbers, set to the right; its cells carry the class `number`.
    pub fn number(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            class: Some("number"),
            silent: false,
        }
    }

    /// A column whose head is only heard, such as the one of the actions.
    pub fn silent(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            class: None,
            silent: true,
        }
    }
}

/// A table. Its children are the rows (`tr`); the first cell of a row that names it holds `a.row`.
///
/// In a narrow window the table scrolls by itself, or, with `stack`, each row becomes a card in
/// which every cell with a `data-label` says what it is.
#[component]
pub fn Table(
    /// What the table lists; heard, not seen.
    #[prop(into)]
    caption: String,
    /// The heads.
    columns: Vec<Column>,
    /// Whether rows become cards in a narrow window.
    #[prop(optional)]
    stack: bool,
    /// The rows.
    children: Children,
) -> impl IntoView {
    let heads = columns
        .into_iter()
        .map(|column| {
            let words = view! { <span class:visually-hidden=column.silent>{column.label}</span> };
            view! { <th scope="col" class=column.class>{words}</th> }
        })
        .collect_view();
    view! {
        <div class="table-scroll" role="region" tabindex="0" aria-label=caption>
            <table class="table" class:table--stack=stack>
                <caption class="visually-hidden">{caption.clone()}</caption>
                <thead><tr>{heads}</tr></thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}
