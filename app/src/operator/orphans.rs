//! What no row knows: found by a task, removed by it on a word given here.

use super::api::{RemoveOrphan, SearchOrphans};
use crate::layout::breadcrumb_trail::capitalised;
use crate::ui::button::{Button, ButtonKind};
use crate::ui::chip::Chip;
use crate::ui::disclosure::Disclosure;
use crate::ui::moment::Ago;
use crate::ui::notice::Notice;
use crate::ui::panel::Panel;
use crate::ui::slots::Actions;
use crate::ui::state::EmptyState;
use crate::ui::table::{Column, Table};
use domain::states::Tone;
use leptos::form::ActionForm;
use leptos::prelude::*;
use views::operator::{OperatorPage, Orphan};

/// The list, and a button that has it made anew.
#[component]
pub fn Orphans(
    page: Signal<OperatorPage>,
    search: ServerAction<SearchOrphans>,
    remove: ServerAction<RemoveOrphan>,
) -> impl IntoView {
    let reason = Memo::new(move |_| page.with(|page| page.search.reason()));
    let searching = Memo::new(move |_| page.with(|page| page.searching));
    let busy = Signal::derive(move || searching.get() || search.pending().get());
    let unseen = Memo::new(move |_| page.with(|page| page.unseen.clone()));
    let searched_at = Memo::new(move |_| page.with(|page| page.searched_at));
    let kept = Memo::new(move |_| {
        page.with(|page| {
            (
                page.orphans.clone(),
                page.orphan_count,
                page.remove.reason(),
            )
        })
    });
    let list = move || {
        let (orphans, count, reason) = kept.get();
        view! { <List orphans count reason remove /> }
    };
    view! {
        <Panel title="What no row knows" flush=true>
            <Actions slot>
                {move || searched_at.get().map(|at| view! { <small>"Looked "<Ago at /></small> })}
                <ActionForm action=search>
                    <Button type_="submit" reason busy>
                        {move || if searching.get() { "Looking…" } else { "Look again" }}
                    </Button>
                </ActionForm>
            </Actions>
            {move || view! { <Unseen places=unseen.get() /> }}
            {list}
        </Panel>
    }
}

#[component]
fn Unseen(places: Vec<String>) -> impl IntoView {
    let lines = places.into_iter().map(|line| view! { <li>{line}</li> });
    let lines: Vec<_> = lines.collect();
    (!lines.is_empty()).then(|| {
        view! {
            <Notice tone=Tone::Warn title="Not everything could be looked at">
                <ul class="losses">{lines}</ul>
            </Notice>
        }
    })
}

#[component]
fn List(
    orphans: Vec<Orphan>,
    count: u64,
    reason: Option<String>,
    remove: ServerAction<RemoveOrphan>,
) -> impl IntoView {
    if orphans.is_empty() {
        return view! {
            <EmptyState
                title="Nothing is left over"
                text="Workloads, databases and buckets that no app owns are listed here, as there are after the portal's database was restored."
            />
        }
        .into_any();
    }
    let columns = vec![
        Column::text("What"),
        Column::text("Where"),
        Column::text("First seen"),
        Column::text("Last seen"),
        Column::text("State"),
        Column::silent("Actions"),
    ];
    let more = count.saturating_sub(orphans.len() as u64);
    let more = (more > 0).then(|| {
        view! { <p class="nothing">{format!("And {more} more; `portal orphans list` names all.")}</p> }
    });
    let row = |orphan| view! { <Row orphan reason=reason.clone() remove /> };
    let rows = orphans.into_iter().map(row).collect_view();
    view! {
        <Table caption="What no row knows" columns stack=true>{rows}</Table>
        {more}
    }
    .into_any()
}

#[component]
fn Row(
    orphan: Orphan,
    reason: Option<String>,
    remove: ServerAction<RemoveOrphan>,
) -> impl IntoView {
    let (tone, label) = match &orphan {
        it if it.removed_at.is_some() => (Tone::Ok, "Removed"),
        it if it.removing => (Tone::Busy, "Being removed"),
        it if it.failure.is_some() => (Tone::Bad, "Not removed"),
        _ => (Tone::Warn, "There"),
    };
    let by = orphan.asked_by.map(|name| format!("asked for by {name}"));
    let note = orphan.failure.or(by);
    let gone = orphan.removed_at.is_some() || orphan.removing;
    let summary = format!("Remove {}", orphan.kind);
    let form = (!gone).then(|| {
        let (what, reason) = (summary.clone(), Signal::stored(reason));
        view! {
            <Disclosure summary=summary kind=ButtonKind::Danger reason>
                <ActionForm action=remove>
                    <p>
                        "It goes for good, with all data in it. Another portal on the same servers has its own in this list: "
                        "be sure that this is none of them."
                    </p>
                    <input type="hidden" name="orphan" value=orphan.id.to_string() />
                    <Button kind=ButtonKind::Danger type_="submit" reason>
                        {format!("{what} of {} for good", orphan.environment)}
                    </Button>
                </ActionForm>
            </Disclosure>
        }
    });
    view! {
        <tr>
            <td>
                {capitalised(&orphan.kind)}
                <small class="mono operation-note">{orphan.environment.to_string()}</small>
            </td>
            <td data-label="Where">{orphan.place}</td>
            <td data-label="First seen"><Ago at=orphan.first_seen_at /></td>
            <td data-label="Last seen"><Ago at=orphan.last_seen_at /></td>
            <td data-label="State">
                <Chip tone label />
                {note.map(|note| view! { <small class="operation-note">{note}</small> })}
            </td>
            <td>{form}</td>
        </tr>
    }
}
