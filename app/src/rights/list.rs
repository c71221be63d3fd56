//! The table of rights, as the portal itself decides by it.

use super::api::list_rights;
use crate::layout::breadcrumb_trail::capitalised;
use crate::page::{loaded, page_data};
use crate::ui::page_header::PageHeader;
use crate::ui::panel::Panel;
use crate::ui::slots::Sentence;
use crate::ui::table::{Column, Table};
use leptos::prelude::*;
use views::rights::RightsGroup;

/// Who may do what.
#[component]
pub fn RightsPage() -> impl IntoView {
    let rights = page_data(|| (), |()| list_rights());
    loaded(rights, |groups| view! { <Listed groups /> }.into_any())
}

#[component]
fn Listed(groups: Signal<Vec<RightsGroup>>) -> impl IntoView {
    let columns = vec![
        Column::text("Right"),
        Column::text("Who may"),
        Column::text("You"),
    ];
    let rows = move || groups.get().into_iter().map(rows).collect_view();
    view! {
        <PageHeader title="Who may do what">
            <Sentence slot>
                <p>"An app's Technical Contact gives roles in its team; an admin gives roles in the portal."</p>
            </Sentence>
        </PageHeader>
        <Panel flush=true><Table caption="Rights" columns stack=true>{rows}</Table></Panel>
    }
}

fn rows(group: RightsGroup) -> impl IntoView {
    let RightsGroup {
        who,
        yours,
        actions,
    } = group;
    let row = move |action: String| {
        view! {
            <tr>
                <td>{capitalised(&action)}</td>
                <td data-label="Who may">{who.clone()}</td>
                <td data-label="You">{yours.clone()}</td>
            </tr>
        }
    };
    actions.into_iter().map(row).collect_view()
}
