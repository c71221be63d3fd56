//! What shows how things are.

use crate::ui::bar::{Meter, ProgressBar};
use crate::ui::button::ButtonKind;
use crate::ui::button::LinkButton;
use crate::ui::chip::{Chip, StatusChip, Tag};
use crate::ui::facts::Facts;
use crate::ui::moment::Ago;
use crate::ui::pager::Pager;
use crate::ui::panel::Panel;
use crate::ui::skeleton::Skeleton;
use crate::ui::slots::Actions;
use crate::ui::state::{EmptyState, ErrorState};
use crate::ui::table::{Column, Table};
use domain::states::{Status, Tone};
use leptos::prelude::*;

/// Chips, tables, meters, facts and the states of a page.
#[component]
pub fn Shown() -> impl IntoView {
    let unknown: Option<u8> = None;
    view! {
        <div id="shown"></div>
        <Panel title="Status">
            <div class="row-of">
                <Chip tone=Tone::Ok label="Running 3 / 3" />
                <Chip tone=Tone::Busy label="Deploying 60 %" />
                <Chip tone=Tone::Warn label="Running 2 / 3" />
                <Chip tone=Tone::Bad label="Crashed 0 / 3" />
                <Chip tone=Tone::Idle label="Unknown, 40 s silent" />
                <Tag label="EU" />
                <Tag label="v4" />
            </div>
        </Panel>
        {view! { <Instances /> }.into_any()}
        <div class="grid">
            <Panel title="Live version">
                <p class="big mono">"2.4.1"</p>
                <Facts rows=facts() />
            </Panel>
            <Panel title="Progress">
                <ProgressBar label="Create Shop" value=Some(63) />
                <ProgressBar label="Something unknown" value=unknown />
                <Meter label="96 of 100 connections" percent=96_u8 tone=Tone::Warn />
            </Panel>
            <Panel title="On its way">
                <Skeleton />
            </Panel>
        </div>
        <Panel>
            <EmptyState title="No apps yet" text="An app is made in about 20 seconds, with a database and a bucket for each environment.">
                <LinkButton kind=ButtonKind::Primary href="/apps/new">"Create an app"</LinkButton>
            </EmptyState>
        </Panel>
        <Panel>
            <ErrorState
                what="The list of apps could not be read"
                why=Some("The database does not answer.".to_owned())
                remedy=Some("Try again in a minute.".to_owned())
                request_id=Some("01JD3K0V5Q".to_owned())
            />
        </Panel>
    }
}

fn facts() -> Vec<(String, String)> {
    [
        ("Runtime", "10.6.2"),
        ("Deployed", "12 min ago, by Ada Lovelace"),
        ("Settings", "2 changes wait for a restart"),
    ]
    .map(|(name, words)| (name.to_owned(), words.to_owned()))
    .to_vec()
}

#[component]
fn Instances() -> impl IntoView {
    let columns = vec![
        Column::text("#"),
        Column::text("Zone"),
        Column::text("State"),
        Column::text("Since"),
        Column::text("Memory"),
        Column::number("Restarts"),
    ];
    let status = |tone, label: &str| Status {
        tone,
        label: label.to_owned(),
    };
    view! {
        <Panel title="Instances" flush=true>
            <Actions slot>"3 × 1 GB of 4 GB"</Actions>
            <Table caption="Instances" columns stack=true>
                <tr>
                    <td data-label="Instance" class="mono">"0"</td>
                    <td data-label="Zone">"a"</td>
                    <td data-label="State"><StatusChip status=status(Tone::Ok, "Ready") /></td>
                    <td data-label="Since"><Ago at=1_763_600_000 /></td>
                    <td data-label="Memory"><Meter label="612 MB" percent=60_u8 /></td>
                    <td data-label="Restarts" class="number">"0"</td>
                </tr>
                <tr>
                    <td data-label="Instance" class="mono">"1"</td>
                    <td data-label="Zone">"b"</td>
                    <td data-label="State">
                        <StatusChip status=status(Tone::Busy, "Starting: database check") />
                    </td>
                    <td data-label="Since"><Ago at=1_763_600_000 /></td>
                    <td data-label="Memory"><Meter label="901 MB" percent=88_u8 tone=Tone::Warn /></td>
                    <td data-label="Restarts" class="number">"12"</td>
                </tr>
            </Table>
        </Panel>
        <Pager after=Some("this".to_owned()) next=Some("next".to_owned()) more="Older instances" />
    }
}
