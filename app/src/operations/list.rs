//! The list of operations.

use super::api::list_operations;
use super::status_text::{doing, elapsed};
use crate::format::duration::in_words;
use crate::live::use_live;
use crate::page::{loaded, page_data};
use crate::paths;
use crate::ui::chip::StatusChip;
use crate::ui::moment::{Ago, use_clock};
use crate::ui::page_header::PageHeader;
use crate::ui::pager::Pager;
use crate::ui::panel::Panel;
use crate::ui::slots::Sentence;
use crate::ui::state::EmptyState;
use crate::ui::table::{Column, Table};
use crate::ui::tabs::{TabLink, Tabs};
use domain::topics::Topic;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use views::operations::OperationSummary;
use views::page::Page;

/// All long operations of the company, newest first.
#[component]
pub fn OperationsPage() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| {
            (
                query.get_str("show") == Some("unfinished"),
                query.get("after"),
            )
        })
    });
    let version = use_live(vec![Topic::Operations.to_string()]);
    let operations = page_data(
        move || (asked.get(), version.get()),
        |((unfinished, after), _)| list_operations(unfinished, after),
    );
    loaded(operations, move |list| {
        view! { <Listed list asked /> }.into_any()
    })
}

#[component]
fn Listed(
    list: Signal<Page<OperationSummary>>,
    asked: Memo<(bool, Option<String>)>,
) -> impl IntoView {
    let unfinished = move || asked.get().0;
    let tabs = move || {
        let items = vec![
            TabLink::new(paths::operations(), "All", !unfinished()),
            TabLink::new(paths::unfinished_operations(), "Under way", unfinished()),
        ];
        view! { <Tabs label="Operations" items /> }
    };
    let after = Signal::derive(move || asked.get().1);
    let next = Signal::derive(move || list.with(|list| list.next.clone()));
    let rows = move || match list.get().items {
        items if items.is_empty() => view! { <Nothing unfinished=unfinished() /> }.into_any(),
        items => view! { <Rows items /> }.into_any(),
    };
    view! {
        <PageHeader title="Operations">
            <Sentence slot>
                <p>"Everything that takes longer than a moment: how far it is, who asked for it, how it ended."</p>
            </Sentence>
        </PageHeader>
        {tabs}
        <Panel flush=true>{rows}</Panel>
        <Pager after next more="Older operations" />
    }
}

#[component]
fn Nothing(unfinished: bool) -> impl IntoView {
    let (title, text) = if unfinished {
        (
            "Nothing is under way",
            "Operations appear here while they run, and stay under All afterwards.",
        )
    } else {
        (
            "No operations yet",
            "Creating an app, deploying to it and scaling it are operations. They will be listed here.",
        )
    };
    view! { <EmptyState title text /> }
}

#[component]
fn Rows(items: Vec<OperationSummary>) -> impl IntoView {
    let columns = vec![
        Column::text("Operation"),
        Column::text("State"),
        Column::text("Started by"),
        Column::text("Started"),
        Column::number("Took"),
    ];
    view! {
        <Table caption="Operations" columns stack=true>
            {items.into_iter().map(|operation| view! { <Row operation /> }).collect_view()}
        </Table>
    }
}

#[component]
fn Row(operation: OperationSummary) -> impl IntoView {
    let clock = use_clock();
    let note = if operation.state.is_final() {
        operation.error.clone()
    } else {
        Some(doing(&operation))
    };
    let percent = (!operation.state.is_final()).then(|| format!(" {} %", operation.percent));
    let href = paths::operation(operation.id);
    let (title, started_by, created_at) = (
        operation.title.clone(),
        operation.started_by.clone(),
        operation.created_at,
    );
    let status = operation.status();
    view! {
        <tr>
            <td>
                <a class="row" href=href>{title}</a>
                {note.map(|note| view! { <small class="operation-note">{note}</small> })}
            </td>
            <td data-label="State">
                <StatusChip status=Signal::stored(status) />
                {percent.map(|percent| view! { <small>{percent}</small> })}
            </td>
            <td data-label="Started by">{started_by}</td>
            <td data-label="Started"><Ago at=created_at /></td>
            <td data-label="Took" class="number">{move || in_words(elapsed(&operation, clock.now()))}</td>
        </tr>
    }
}
