//! How the tasks of the background do.

use crate::format::bytes::count;
use crate::format::duration::in_words;
use crate::ui::chip::Chip;
use crate::ui::moment::{Ago, Moment};
use crate::ui::panel::Panel;
use crate::ui::table::{Column, Table};
use domain::states::Tone;
use leptos::prelude::*;
use views::operator::Task;

/// A row for each task.
#[component]
pub fn Tasks(tasks: Vec<Task>) -> impl IntoView {
    let columns = vec![
        Column::text("Task"),
        Column::text("State"),
        Column::text("Last run"),
        Column::number("Took"),
        Column::number("Runs"),
        Column::number("Failures"),
        Column::text("Next"),
    ];
    let rows = tasks.into_iter().map(|task| view! { <Row task /> });
    view! {
        <Panel title="Background tasks" flush=true>
            <Table caption="Background tasks" columns stack=true>{rows.collect_view()}</Table>
        </Panel>
    }
}

#[component]
fn Row(task: Task) -> impl IntoView {
    let (tone, label) = match task.last_error {
        Some(_) => (Tone::Bad, "Fails"),
        None if task.next_at.is_none() => (Tone::Busy, "Runs"),
        None => (Tone::Ok, "Works"),
    };
    let took = match task.took_ms {
        Some(ms) if ms < 1000 => format!("{ms} ms"),
        Some(ms) => in_words(i64::try_from(ms / 1000).unwrap_or(i64::MAX)),
        None => String::new(),
    };
    view! {
        <tr>
            <td>
                <span class="mono">{task.name}</span>
                <small class="operation-note">{task.last_error.unwrap_or(task.replica)}</small>
            </td>
            <td data-label="State"><Chip tone label /></td>
            <td data-label="Last run"><Ago at=task.last_started_at /></td>
            <td data-label="Took" class="number">{took}</td>
            <td data-label="Runs" class="number">{count(task.runs)}</td>
            <td data-label="Failures" class="number">{count(task.failures)}</td>
            <td data-label="Next">{task.next_at.map(|at| view! { <Moment at time_only=true /> })}</td>
        </tr>
    }
}
