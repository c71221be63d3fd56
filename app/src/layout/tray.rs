//! What is under way, wherever one is: a chip in the bar, and a tray that stays across pages.
//!
//! Both come from the server's list, so a reload shows the same. When an operation ends, a message
//! says how.

use crate::layout::frame_data::{known, use_frame_data};
use crate::operations::api::list_operations;
use crate::operations::status_text::news;
use crate::paths;
use crate::suspense::await_on_server;
use crate::ui::bar::ProgressBar;
use crate::ui::button::IconButton;
use crate::ui::chip::{Chip, StatusChip};
use crate::ui::icon::Shape;
use crate::ui::moment::use_clock;
use crate::ui::toast::{Toast, use_toasts};
use domain::ids::OperationId;
use domain::states::{OperationState, Tone};
use leptos::prelude::*;
use std::collections::BTreeSet;
use views::operations::OperationSummary;
use views::page::Page;

/// The key of the browser's store under which a closed tray is remembered for the tab.
const CLOSED: &str = "tray-closed";

/// Whether the tray is wanted. Starts as "no": only a living page can close it again.
#[derive(Debug, Clone, Copy)]
pub struct TrayOpen(RwSignal<bool>);

/// Gives the frame its tray; once.
pub fn provide_tray() {
    let open = RwSignal::new(false);
    provide_context(TrayOpen(open));
    Effect::new(move || open.set(fits() && !remembered_closed()));
}

impl TrayOpen {
    fn turn(self, open: bool) {
        self.0.set(open);
        if let Ok(Some(store)) = window().session_storage() {
            let _ = if open {
                store.remove_item(CLOSED)
            } else {
                store.set_item(CLOSED, "yes")
            };
        }
    }
}

/// Whether the window has room for the tray beside the page.
fn fits() -> bool {
    window()
        .match_media("(min-width: 50rem)")
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}

fn remembered_closed() -> bool {
    window()
        .session_storage()
        .ok()
        .flatten()
        .and_then(|store| store.get_item(CLOSED).ok().flatten())
        .is_some()
}

/// The chip in the bar: how much is under way. It leads to the list, and opens the tray in a living page.
#[component]
pub fn TrayChip() -> impl IntoView {
    let under_way = use_frame_data().under_way;
    let tray = expect_context::<TrayOpen>();
    let press = move |event: leptos::ev::MouseEvent| {
        let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key();
        if !(elsewhere || tray.0.get_untracked()) {
            event.prevent_default();
            tray.turn(true);
        }
    };
    let words = known(under_way, |list| chip_words(&list.items));
    let chip = move || {
        words.get().flatten().map(|(tone, label)| {
            view! {
                <a class="bar__chip" href=paths::unfinished_operations() on:click=press>
                    <span class="visually-hidden">"Operations: "</span>
                    <Chip tone label />
                </a>
            }
        })
    };
    await_on_server(under_way, chip)
}

/// How many run, or, before that, how many wait for a person.
fn chip_words(items: &[OperationSummary]) -> Option<(Tone, String)> {
    let stuck = items
        .iter()
        .filter(|operation| operation.state == OperationState::Stuck)
        .count();
    match (stuck, items.len()) {
        (_, 0) => None,
        (0, running) => Some((Tone::Busy, format!("{running} running"))),
        (1, _) => Some((Tone::Bad, "1 needs a look".to_owned())),
        (stuck, _) => Some((Tone::Bad, format!("{stuck} need a look"))),
    }
}

/// The tray at the bottom right.
#[component]
pub fn Tray() -> impl IntoView {
    let under_way = use_frame_data().under_way;
    let tray = expect_context::<TrayOpen>();
    say_how_operations_end();
    let list = known(under_way, Page::clone);
    await_on_server(under_way, move || view! { <List list tray /> })
}

#[component]
fn List(list: Memo<Option<Page<OperationSummary>>>, tray: TrayOpen) -> impl IntoView {
    let items = move || list.get().map(|list| list.items).unwrap_or_default();
    let closed = move || !tray.0.get() || items().is_empty();
    view! {
        <aside class="tray" aria-label="Under way" hidden=closed>
            <header class="tray__head">
                <h2>"Under way"</h2>
                <IconButton
                    label="Close the tray"
                    icon=Shape::Close
                    on_press=move |()| tray.turn(false)
                />
            </header>
            <ul class="tray__list">
                {move || {
                    items()
                        .into_iter()
                        .map(|operation| view! { <TrayItem operation /> })
                        .collect_view()
                }}
            </ul>
        </aside>
    }
}

#[component]
fn TrayItem(operation: OperationSummary) -> impl IntoView {
    let clock = use_clock();
    let stuck = operation.state == OperationState::Stuck;
    let (title, percent, status) = (
        operation.title.clone(),
        operation.percent,
        operation.status(),
    );
    let href = paths::operation(operation.id);
    let now = move || news(&operation, clock.now());
    view! {
        <li class="tray__item">
            <div class="tray__line">
                <a href=href>{title.clone()}</a>
                <StatusChip status=status />
            </div>
            {(!stuck).then(|| view! { <ProgressBar label=title value=Some(percent) /> })}
            <p class="tray__now">
                <span>{now}</span>
                {(!stuck).then(|| view! { <span>{format!("{percent} %")}</span> })}
            </p>
        </li>
    }
}

/// Compares each list with the one before: what is gone has ended, what has become stuck waits for a
/// person; either is looked up among the latest and said.
fn say_how_operations_end() {
    let under_way = use_frame_data().under_way;
    let toasts = use_toasts();
    let ended = Action::new(move |ids: &BTreeSet<OperationId>| {
        let ids = ids.clone();
        async move {
            let latest = list_operations(false, None).await.map(|list| list.items);
            for operation in latest.unwrap_or_default() {
                if ids.contains(&operation.id)
                    && let Some(toast) = ending(&operation)
                {
                    toasts.push(toast);
                }
            }
        }
    });
    Effect::new(move |before: Option<BTreeSet<OperationId>>| {
        let before = before.unwrap_or_default();
        let Some(now) = under_way.with(|list| match list {
            Some(Ok(list)) => Some(going_on(list)),
            _ => None,
        }) else {
            return before;
        };
        let gone: BTreeSet<OperationId> = before.difference(&now).copied().collect();
        if !gone.is_empty() {
            ended.dispatch(gone);
        }
        now
    });
}

/// The ids of the operations that go on.
fn going_on(list: &Page<OperationSummary>) -> BTreeSet<OperationId> {
    let goes_on = |operation: &&OperationSummary| operation.state != OperationState::Stuck;
    let ids = list.items.iter().filter(goes_on);
    ids.map(|operation| operation.id).collect()
}

/// The message about an operation that has ended; none while it goes on.
fn ending(operation: &OperationSummary) -> Option<Toast> {
    let OperationSummary {
        id,
        title,
        state,
        error,
        ..
    } = operation;
    let why = error.as_deref().unwrap_or("See its page for the reason.");
    let toast = match state {
        OperationState::Succeeded => Toast::done(format!("“{title}” is done.")),
        OperationState::Cancelled => {
            Toast::done(format!("“{title}” was cancelled; what it made is undone."))
        }
        OperationState::Failed => Toast::failed(format!("“{title}” failed and was undone. {why}")),
        OperationState::Stuck => {
            Toast::failed(format!("“{title}” is stuck; someone must look. {why}"))
        }
        _ => return None,
    };
    Some(toast.with_link(paths::operation(*id), "Details"))
}
