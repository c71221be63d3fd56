//! A package: what is in it, where it runs, what can be done with it.

use super::api::{DeletePackage, get_package};
use crate::action::use_action;
use crate::error::view::{Refusal, refusal};
use crate::follow::{Followed, use_followed};
use crate::format::bytes::{bytes, count};
use crate::page::{loaded, named, page_data};
use crate::paths;
use crate::ui::button::{Button, ButtonKind, LinkButton};
use crate::ui::copy::CopyButton;
use crate::ui::disclosure::Disclosure;
use crate::ui::facts::FactList;
use crate::ui::moment::Ago;
use crate::ui::page_header::PageHeader;
use crate::ui::panel::Panel;
use crate::ui::slots::{Actions, Sentence};
use crate::ui::table::{Column, Table};
use leptos::form::ActionForm;
use leptos::prelude::*;
use views::packages::{Constant, PackageDetails};

/// A package.
#[component]
pub fn PackagePage() -> impl IntoView {
    let (app, package) = (named("app"), named("package"));
    let followed = use_followed();
    let delete = use_action::<DeletePackage>();
    let details = page_data(
        move || (app.get(), package.get(), followed.version()),
        |(app, package, _)| get_package(app, package),
    );
    loaded(details, move |details| {
        view! { <Details details followed app delete /> }.into_any()
    })
}

#[component]
fn Details(
    details: Signal<PackageDetails>,
    followed: Followed,
    app: Memo<String>,
    delete: ServerAction<DeletePackage>,
) -> impl IntoView {
    followed.follow(move || details.with(PackageDetails::topics));
    let title = Signal::derive(move || details.with(|details| details.summary.label()));
    let window = Signal::derive(move || {
        Some(details.with(|details| format!("{} · {}", details.summary.label(), details.app_name)))
    });
    let file = Signal::derive(move || {
        let id = details.with(|details| details.summary.id);
        paths::package_file(&app.get(), id)
    });
    view! {
        <PageHeader title window>
            <Sentence slot><p>{move || details.with(sentence)}</p></Sentence>
            <Actions slot>
                <LinkButton href=file kind=ButtonKind::Secondary attr:rel="external" attr:download=true>
                    "Download"
                </LinkButton>
                <Delete details app delete />
            </Actions>
        </PageHeader>
        <Refusal error=refusal(delete) />
        {move || view! { <Contents details=details.get() app=app.get() /> }}
    }
}

#[component]
fn Delete(
    details: Signal<PackageDetails>,
    app: Memo<String>,
    delete: ServerAction<DeletePackage>,
) -> impl IntoView {
    let reason = Memo::new(move |_| details.with(|details| details.delete.reason()));
    view! {
        <Disclosure summary="Delete" kind=ButtonKind::Danger reason>
            <ActionForm action=delete>
                <p>"The file is taken away for good. Nothing runs it, so nothing stops."</p>
                <input type="hidden" name="app" value=move || app.get() />
                <input
                    type="hidden"
                    name="package"
                    value=move || details.with(|details| details.summary.id.to_string())
                />
                <Button kind=ButtonKind::Danger type_="submit" reason busy=delete.pending()>
                    <span>{move || format!("Delete {}", details.with(|details| details.summary.label()))}</span>
                </Button>
            </ActionForm>
        </Disclosure>
    }
}

#[component]
fn Contents(details: PackageDetails, app: String) -> impl IntoView {
    let targets = details
        .environments
        .iter()
        .map(|card| {
            let (name, slug) = (&card.environment.name, &card.environment.slug);
            let running = details.summary.used_by.contains(name);
            let words = if running {
                format!("Deployed to {name}")
            } else {
                format!("Deploy to {name}")
            };
            let reason = if running {
                Some("This package is deployed there already.".to_owned())
            } else {
                card.deploy.reason()
            };
            let href = paths::deploy_package(&app, slug, details.summary.id);
            view! { <LinkButton href reason=Signal::stored(reason)>{words}</LinkButton> }
        })
        .collect_view();
    let unfilled = details.summary.unfilled();
    let (constants, names) = (details.constants.clone(), details.scheduled_events.clone());
    view! {
        <div class="columns">
            <div class="columns__main">
                <Panel title="Constants" flush=true><Constants constants /></Panel>
                <Panel title="Scheduled events"><ScheduledEvents names /></Panel>
            </div>
            <div class="columns__aside">
                <Panel title="Deploy">
                    {unfilled.map(|words| view! { <p class="soft">{words}</p> })}
                    <div class="deploy-targets">{targets}</div>
                </Panel>
                <Panel title="Facts"><About details /></Panel>
            </div>
        </div>
    }
}

#[component]
fn About(details: PackageDetails) -> impl IntoView {
    let PackageDetails {
        summary: package,
        sha256,
        description,
        java_version,
        ..
    } = details;
    view! {
        <FactList>
            <dt>"Version"</dt>
            <dd>{package.version}</dd>
            <dt>"Runtime"</dt>
            <dd>{package.runtime}</dd>
            {java_version.map(|java| view! { <dt>"Java"</dt><dd>{java}</dd> })}
            <dt>"File"</dt>
            <dd class="mono file-name">{package.file_name}</dd>
            <dt>"Size"</dt>
            <dd>{format!("{}, {} unpacked, {} files", bytes(package.size), bytes(package.unpacked), count(package.files))}</dd>
            <dt>"Uploaded"</dt>
            <dd><Ago at=package.uploaded_at /> " by " {package.uploaded_by}</dd>
            {(!description.is_empty())
                .then(|| view! { <dt>"Description"</dt><dd class="description">{description}</dd> })}
            <dt>"SHA-256"</dt>
            <dd>
                <span class="mono id">{sha256.clone()}</span>
                <CopyButton label="Copy SHA-256" text=Signal::stored(sha256) />
            </dd>
        </FactList>
    }
}

#[component]
fn Constants(constants: Vec<Constant>) -> impl IntoView {
    if constants.is_empty() {
        return view! { <p class="nothing">"The model declares no constants."</p> }.into_any();
    }
    let columns = vec![
        Column::text("Constant"),
        Column::text("Type"),
        Column::text("Default"),
    ];
    let row = |constant: Constant| {
        view! {
            <tr>
                <td>
                    <span class="mono">{constant.name}</span>
                    {(!constant.description.is_empty()).then(|| view! { <small class="description">{constant.description}</small> })}
                </td>
                <td data-label="Type">{constant.kind}</td>
                <td data-label="Default" class="mono">
                    {if constant.masked { "hidden: looks like a secret".to_owned() } else { constant.default }}
                </td>
            </tr>
        }
    };
    view! {
        <Table caption="Constants" columns stack=true>{constants.into_iter().map(row).collect_view()}</Table>
    }
    .into_any()
}

#[component]
fn ScheduledEvents(names: Vec<String>) -> impl IntoView {
    if names.is_empty() {
        return view! { <p class="soft">"The model declares no scheduled events."</p> }.into_any();
    }
    let names = names
        .into_iter()
        .map(|name| view! { <li class="mono">{name}</li> })
        .collect_view();
    view! { <ul class="plain-list">{names}</ul> }.into_any()
}

/// Where it runs.
fn sentence(details: &PackageDetails) -> String {
    match details.summary.used_by.as_slice() {
        [] => "Inspected and kept; deployed nowhere yet.".to_owned(),
        names => format!("Deployed to {}.", names.join(", ")),
    }
}
