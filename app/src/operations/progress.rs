//! An operation under way, at the top of the page of what it changes.

use super::status_text::news;
use crate::paths;
use crate::ui::bar::ProgressBar;
use crate::ui::moment::use_clock;
use domain::states::OperationState;
use leptos::prelude::*;
use views::operations::OperationSummary;

/// What is under way, how far it is, and the way to all about it.
#[component]
pub fn OperationStrip(
    /// The operation.
    #[prop(into)]
    operation: Signal<OperationSummary>,
) -> impl IntoView {
    let clock = use_clock();
    let title = Signal::derive(move || operation.with(|operation| operation.title.clone()));
    let percent = Signal::derive(move || Some(operation.with(|operation| operation.percent)));
    let doing = move || operation.with(|operation| news(operation, clock.now()));
    let stuck = move || operation.with(|operation| operation.state == OperationState::Stuck);
    view! {
        <section class="operation-strip" aria-label=move || if stuck() { "Stuck" } else { "Under way" }>
            <p class="operation-strip__words">
                <a href=move || operation.with(|operation| paths::operation(operation.id))>
                    {move || title.get()}
                </a>
                <span class="soft">{doing}</span>
                <span class="operation-strip__number" hidden=stuck>
                    {move || operation.with(|operation| format!("{} %", operation.percent))}
                </span>
            </p>
            <div hidden=stuck><ProgressBar label=title value=percent /></div>
        </section>
    }
}

/// Every operation under way; nothing when there is none.
#[component]
pub fn OperationStrips(
    /// The operations.
    #[prop(into)]
    operations: Signal<Vec<OperationSummary>>,
) -> impl IntoView {
    move || {
        let strips = operations.get().into_iter();
        strips
            .map(|operation| view! { <OperationStrip operation=Signal::stored(operation) /> })
            .collect_view()
    }
}
