//! What there is to know of an environment: its live version, its database, what happened to it.

use crate::paths;
use crate::ui::chip::StatusChip;
use crate::ui::facts::FactList;
use crate::ui::moment::Ago;
use domain::states::OperationState;
use leptos::prelude::*;
use views::environments::{Deployment, EnvironmentDetails, Event};

#[component]
pub(super) fn LiveVersion(details: Signal<EnvironmentDetails>) -> impl IntoView {
    let package = Memo::new(move |_| details.with(|details| details.package.clone()));
    let deployed = Memo::new(move |_| details.with(last_success));
    let app = Memo::new(move |_| details.with(|details| details.app.clone()));
    move || match package.get() {
        None => {
            view! { <p class="soft">"Nothing is deployed yet. Deploy a package and it starts."</p> }
                .into_any()
        }
        Some(package) => view! {
            <p class="big"><a href=paths::package(&app.get(), package.id)>{package.label()}</a></p>
            <FactList>
                <dt>"Runtime"</dt>
                <dd>{package.runtime}</dd>
                {deployed.get().map(|deployment| view! {
                    <dt>"Deployed"</dt>
                    <dd><Ago at=deployment.at /> " by " {deployment.by}</dd>
                })}
            </FactList>
        }
        .into_any(),
    }
}

#[component]
pub(super) fn Database(details: Signal<EnvironmentDetails>) -> impl IntoView {
    let rows = Memo::new(move |_| details.with(database_facts));
    view! {
        <FactList>
            {move || {
                rows.get().into_iter()
                    .map(|(term, fact)| view! { <dt>{term}</dt><dd>{fact}</dd> })
                    .collect_view()
            }}
        </FactList>
    }
}

#[component]
pub(super) fn Events(details: Signal<EnvironmentDetails>) -> impl IntoView {
    let events = Memo::new(move |_| details.with(|details| details.events.clone()));
    let row = |event: Event| {
        view! {
            <li data-state=event.tone.as_str()>
                <span class="event__text">{event.message}</span>
                <small><Ago at=event.at /></small>
            </li>
        }
    };
    move || match events.get() {
        events if events.is_empty() => {
            view! { <p class="soft">"Nothing has happened yet."</p> }.into_any()
        }
        events => view! { <ul class="events">{events.into_iter().map(row).collect_view()}</ul> }
            .into_any(),
    }
}

#[component]
pub(super) fn Deployments(details: Signal<EnvironmentDetails>) -> impl IntoView {
    let deployments = Memo::new(move |_| details.with(|details| details.deployments.clone()));
    let row = |deployment: Deployment| {
        let status = deployment.status();
        view! {
            <li>
                <span class="deployment__package">{deployment.package}</span>
                <StatusChip status=Signal::stored(status) />
                <small><Ago at=deployment.at /> " by " {deployment.by}</small>
            </li>
        }
    };
    move || match deployments.get() {
        list if list.is_empty() => {
            view! { <p class="soft">"Nothing was deployed yet."</p> }.into_any()
        }
        list => view! { <ol class="deployments">{list.into_iter().map(row).collect_view()}</ol> }
            .into_any(),
    }
}

/// The deployment that the live version came with, unless it is too long ago.
fn last_success(details: &EnvironmentDetails) -> Option<Deployment> {
    details
        .deployments
        .iter()
        .find(|deployment| deployment.outcome == OperationState::Succeeded)
        .cloned()
}

/// What is known of the database.
fn database_facts(details: &EnvironmentDetails) -> Vec<(String, String)> {
    let plan = match &details.plan {
        Ok(plan) => format!(
            "{} memory, {} GB disk",
            domain::scaling::mib(plan.database_memory_mib),
            plan.database_disk_gib
        ),
        Err(row) => {
            let name = ("Name".to_owned(), details.database.clone());
            return vec![name, ("Plan".to_owned(), row.to_string())];
        }
    };
    let used = u32::from(details.scale.instances) * domain::scaling::POOL_PER_INSTANCE;
    [
        ("Name", details.database.clone()),
        (
            "Connections",
            match details.scale.instances {
                _ if !details.runs() => {
                    format!(
                        "{}, of which {used} are used when it runs",
                        details.connections
                    )
                }
                1 => format!("up to {used} of {} used by 1 instance", details.connections),
                count => format!(
                    "up to {used} of {} used by {count} instances",
                    details.connections
                ),
            },
        ),
        ("Plan", plan),
    ]
    .map(|(term, fact)| (term.to_owned(), fact))
    .to_vec()
}
