//! The list of apps.

use super::api::list_apps;
use super::region::RegionName;
use crate::live::use_live;
use crate::page::{after, loaded, page_data};
use crate::paths;
use crate::polling::use_polling;
use crate::ui::button::{ButtonKind, LinkButton};
use crate::ui::chip::{Chip, StatusChip};
use crate::ui::page_header::PageHeader;
use crate::ui::pager::Pager;
use crate::ui::panel::Panel;
use crate::ui::slots::{Actions, Sentence};
use crate::ui::state::EmptyState;
use crate::ui::table::{Column, Table};
use domain::states::Tone;
use domain::topics::Topic;
use leptos::prelude::*;
use views::apps::{AppList, AppSummary};
use views::environments::EnvironmentSummary;

/// How often the page is asked for again, seconds.
const REFRESH_SECONDS: u64 = 10;

/// The apps whose team one is in.
#[component]
pub fn AppsPage() -> impl IntoView {
    let after = after();
    let (changed, pulse) = (
        use_live(vec![Topic::Apps.to_string()]),
        use_polling(REFRESH_SECONDS),
    );
    let apps = page_data(
        move || (after.get(), changed.get(), pulse.get()),
        |(after, _, _)| list_apps(after, None),
    );
    loaded(apps, move |list| view! { <Listed list after /> }.into_any())
}

#[component]
fn Listed(list: Signal<AppList>, after: Memo<Option<String>>) -> impl IntoView {
    let reason = Signal::derive(move || list.with(|list| list.create.reason()));
    let empty = Memo::new(move |_| list.with(|list| list.items.is_empty()));
    let next = Signal::derive(move || list.with(|list| list.next.clone()));
    let content = move || {
        if empty.get() {
            return view! {
                <EmptyState
                    title="No apps yet"
                    text="An app has environments, each with a database, file storage and an address of its own. Creating one takes a few seconds."
                >
                    <LinkButton href=paths::create_app() kind=ButtonKind::Primary reason>"Create an app"</LinkButton>
                </EmptyState>
            }
            .into_any();
        }
        let columns = vec![
            Column::text("App"),
            Column::text("Region"),
            Column::text("Environments"),
            Column::text("Live version"),
        ];
        let rows = move || {
            list.get()
                .items
                .into_iter()
                .map(|app| view! { <Row app /> })
                .collect_view()
        };
        view! { <Table caption="Apps" columns stack=true>{rows}</Table> }.into_any()
    };
    view! {
        <PageHeader title="Apps">
            <Sentence slot>
                <p>{move || list.with(sentence)}</p>
            </Sentence>
            <Actions slot>
                <span hidden=move || empty.get()>
                    <LinkButton href=paths::create_app() kind=ButtonKind::Primary reason>"Create app"</LinkButton>
                </span>
            </Actions>
        </PageHeader>
        <Panel flush=true>{content}</Panel>
        <Pager after next more="More apps" />
    }
}

#[component]
fn Row(app: AppSummary) -> impl IntoView {
    let live = live_version(&app);
    let address = address(&app);
    let environments = app
        .environments
        .into_iter()
        .map(|environment| view! { <EnvironmentMark app=app.subdomain.clone() environment /> })
        .collect_view();
    view! {
        <tr>
            <td>
                <a class="row" href=paths::app(&app.subdomain)>{app.name}</a>
                <small class="mono app-address">{address}</small>
            </td>
            <td data-label="Region">
                <RegionName region=app.region />
            </td>
            <td data-label="Environments"><ul class="environment-marks">{environments}</ul></td>
            <td data-label="Live version">
                {match live {
                    Some((package, environment)) => view! {
                        <span class="live-version">
                            <span>{package}</span>
                            <small>{environment}</small>
                        </span>
                    }.into_any(),
                    None => view! { <span class="soft">"Nothing deployed"</span> }.into_any(),
                }}
            </td>
        </tr>
    }
}

#[component]
fn EnvironmentMark(app: String, environment: EnvironmentSummary) -> impl IntoView {
    view! {
        <li>
            <a class="environment-mark" href=paths::environment(&app, &environment.slug)>
                <span>{environment.name}</span>
                <StatusChip status=Signal::stored(environment.status) />
                {environment.last_failure.map(|change| view! { <LastFailure change /> })}
            </a>
        </li>
    }
}

/// That the last change of an environment failed; the environment's page says why.
#[component]
pub fn LastFailure(
    /// What was to be done: `Deploy Shop 2.4.2`.
    change: String,
) -> impl IntoView {
    view! { <span title=format!("{change} failed")><Chip tone=Tone::Warn label="Last change failed" /></span> }
}

/// How many apps and environments there are, and how they do.
fn sentence(list: &AppList) -> String {
    let all = || list.items.iter().flat_map(|app| &app.environments);
    let troubled: Vec<&EnvironmentSummary> = all()
        .filter(|each| {
            each.last_failure.is_some() || matches!(each.status.tone, Tone::Bad | Tone::Warn)
        })
        .collect();
    match (list.items.len(), troubled.as_slice()) {
        (0, _) if !list.create.is_allowed() => "You have no apps.".to_owned(),
        (0, _) => "Your apps and how they do will be here.".to_owned(),
        (_, []) if all().all(|each| each.status.tone == Tone::Ok) => {
            "Every environment runs.".to_owned()
        }
        (_, []) => "Nothing needs attention.".to_owned(),
        (_, [_]) => "1 environment needs attention.".to_owned(),
        (_, more) => format!("{} environments need attention.", more.len()),
    }
}

/// The address of production, or of the environment that is furthest along, without `http://`.
fn address(app: &AppSummary) -> String {
    let production = |each: &&EnvironmentSummary| each.slug == "production";
    let named = app.environments.iter().find(production);
    let environment = named.or_else(|| app.environments.last());
    environment.map_or_else(
        || app.subdomain.clone(),
        |each| each.url.trim_start_matches("http://").to_owned(),
    )
}

/// The version in the environment that is furthest along, and that environment's name.
fn live_version(app: &AppSummary) -> Option<(String, String)> {
    let furthest = app
        .environments
        .iter()
        .rev()
        .find(|each| each.package.is_some())?;
    Some((furthest.package.clone()?, furthest.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::rights::Access;
    use domain::states::Status;

    fn environment(name: &str, tone: Tone, package: Option<&str>) -> EnvironmentSummary {
        EnvironmentSummary {
            id: "00000000-0000-0000-0000-000000000002"
                .parse()
                .expect("an id"),
            name: name.to_owned(),
            slug: name.to_lowercase(),
            status: Status {
                tone,
                label: String::new(),
            },
            package: package.map(ToOwned::to_owned),
            url: format!("http://{}.example:8080", name.to_lowercase()),
            last_failure: None,
        }
    }

    fn list(environments: Vec<EnvironmentSummary>) -> AppList {
        let app = AppSummary {
            id: "00000000-0000-0000-0000-000000000001"
                .parse()
                .expect("an id"),
            name: "Shop".to_owned(),
            subdomain: "shop".to_owned(),
            region: Ok(crate::apps::region::tests::frankfurt()),
            environments,
        };
        AppList {
            items: vec![app],
            next: None,
            create: Access::Allowed,
        }
    }

    #[test]
    fn the_version_furthest_along_is_the_live_one() {
        let list = list(vec![
            environment("Test", Tone::Ok, Some("Shop 3")),
            environment("Acceptance", Tone::Ok, Some("Shop 2")),
            environment("Production", Tone::Idle, None),
        ]);
        let live = live_version(&list.items[0]);
        assert_eq!(live, Some(("Shop 2".to_owned(), "Acceptance".to_owned())));
        assert_eq!(address(&list.items[0]), "production.example:8080");
    }

    #[test]
    fn the_sentence_counts_what_needs_a_look() {
        let said = |tones: &[Tone]| {
            let environments = tones.iter().map(|tone| environment("E", *tone, None));
            sentence(&list(environments.collect()))
        };
        assert_eq!(said(&[Tone::Ok, Tone::Ok]), "Every environment runs.");
        assert_eq!(said(&[Tone::Ok, Tone::Idle]), "Nothing needs attention.");
        assert_eq!(
            said(&[Tone::Ok, Tone::Bad]),
            "1 environment needs attention."
        );
        assert_eq!(
            said(&[Tone::Warn, Tone::Bad]),
            "2 environments need attention."
        );
        let failed = EnvironmentSummary {
            last_failure: Some("Deploy Shop 2".to_owned()),
            ..environment("E", Tone::Ok, None)
        };
        assert_eq!(
            sentence(&list(vec![failed])),
            "1 environment needs attention."
        );
    }
}
