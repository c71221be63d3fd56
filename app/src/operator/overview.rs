//! The page itself: what needs a look now, then everything.

use super::api::{RemoveOrphan, SearchOrphans, get_operator_page};
use super::engines::Engines;
use super::orphans::Orphans;
use super::tasks::Tasks;
use crate::action::use_action;
use crate::error::view::{Refusal, refusal};
use crate::follow::{Followed, use_followed};
use crate::page::{loaded, page_data};
use crate::polling::use_polling;
use crate::ui::notice::Notice;
use crate::ui::page_header::PageHeader;
use crate::ui::slots::Sentence;
use domain::states::Tone;
use leptos::prelude::*;
use views::operator::OperatorPage;

/// How often the page is asked for again, seconds: what tasks and engines do makes no notice.
const REFRESH_SECONDS: u64 = 5;

/// How the installation is doing.
#[component]
pub fn OperatorsPage() -> impl IntoView {
    let (followed, pulse) = (use_followed(), use_polling(REFRESH_SECONDS));
    let (search, remove) = (use_action::<SearchOrphans>(), use_action::<RemoveOrphan>());
    let page = page_data(
        move || {
            let done = (search.version().get(), remove.version().get());
            (followed.version(), pulse.get(), done)
        },
        |_| get_operator_page(),
    );
    loaded(page, move |page| {
        view! { <Shown page followed search remove /> }.into_any()
    })
}

#[component]
fn Shown(
    page: Signal<OperatorPage>,
    followed: Followed,
    search: ServerAction<SearchOrphans>,
    remove: ServerAction<RemoveOrphan>,
) -> impl IntoView {
    followed.follow(move || page.with(OperatorPage::topics));
    let alarms = Memo::new(move |_| page.with(OperatorPage::alarms));
    let engines = Memo::new(move |_| page.with(|page| page.engines.clone()));
    let tasks = Memo::new(move |_| page.with(|page| page.tasks.clone()));
    view! {
        <PageHeader title="Operator">
            <Sentence slot>
                <p>"How the installation itself is doing: its engines, its tasks, and what it has that no app owns."</p>
            </Sentence>
        </PageHeader>
        {move || view! { <Alarms alarms=alarms.get() /> }}
        <Refusal error=refusal(search) />
        <Refusal error=refusal(remove) />
        {move || view! { <Engines engines=engines.get() /> }}
        <Orphans page search remove />
        {move || view! { <Tasks tasks=tasks.get() /> }}
    }
}

#[component]
fn Alarms(alarms: Vec<String>) -> impl IntoView {
    let title = match alarms.len() {
        0 => return ().into_any(),
        1 => "1 thing needs a look now".to_owned(),
        more => format!("{more} things need a look now"),
    };
    let lines = alarms.into_iter().map(|line| view! { <li>{line}</li> });
    view! {
        <Notice tone=Tone::Bad title>
            <ul class="losses">{lines.collect_view()}</ul>
        </Notice>
    }
    .into_any()
}
