//! What each engine last told of itself.

use crate::format::bytes::bytes;
use crate::ui::chip::Chip;
use crate::ui::moment::Ago;
use crate::ui::panel::Panel;
use crate::ui::table::{Column, Table};
use domain::states::Tone;
use leptos::prelude::*;
use views::operator::Engine;

/// A row for each engine that serves a region.
#[component]
pub fn Engines(engines: Vec<Engine>) -> impl IntoView {
    let columns = vec![
        Column::text("Engine"),
        Column::text("State"),
        Column::text("Memory free"),
        Column::text("Disk free"),
        Column::text("Not enforced"),
        Column::text("Last heard"),
    ];
    let rows = engines.into_iter().map(|engine| view! { <Row engine /> });
    view! {
        <Panel title="Engines" flush=true>
            <Table caption="Engines" columns stack=true>{rows.collect_view()}</Table>
        </Panel>
    }
}

#[component]
fn Row(engine: Engine) -> impl IntoView {
    let (tone, label) = match (engine.silent, engine.problems.len()) {
        (true, _) => (Tone::Bad, "Silent".to_owned()),
        (_, 0) => (Tone::Ok, "All is well".to_owned()),
        (_, 1) => (Tone::Bad, "1 problem".to_owned()),
        (_, more) => (Tone::Bad, format!("{more} problems")),
    };
    let (memory, disk) = match engine.room {
        Some(room) => (
            format!(
                "{} of {}",
                bytes(room.memory_free_bytes),
                bytes(room.memory_bytes)
            ),
            format!(
                "{} of {}",
                bytes(room.disk_free_bytes),
                bytes(room.disk_bytes)
            ),
        ),
        None => ("Not told".to_owned(), "Not told".to_owned()),
    };
    let about = format!(
        "{}; serves {}",
        engine.version.as_deref().unwrap_or("not known"),
        engine.regions.join(", ")
    );
    let unenforced = match engine.unenforced.join(" ") {
        all if all.is_empty() => "Nothing".to_owned(),
        some => some,
    };
    view! {
        <tr>
            <td>
                {engine.name}
                <small class="operation-note">{about}</small>
            </td>
            <td data-label="State"><Chip tone label /></td>
            <td data-label="Memory free">{memory}</td>
            <td data-label="Disk free">{disk}</td>
            <td data-label="Not enforced"><small class="operation-note">{unenforced}</small></td>
            <td data-label="Last heard">
                {match engine.seen_at {
                    Some(at) => view! { <Ago at /> }.into_any(),
                    None => "Never".into_any(),
                }}
            </td>
        </tr>
    }
}
