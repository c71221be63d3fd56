//! An app: its environments from left to right, and what is under way.

use super::api::get_app;
use super::list::LastFailure;
use super::region::tag;
use crate::follow::{Followed, use_followed};
use crate::operations::progress::OperationStrips;
use crate::page::{loaded, named, page_data};
use crate::paths;
use crate::polling::use_polling;
use crate::ui::button::{ButtonKind, LinkButton};
use crate::ui::chip::{StatusChip, Tag};
use crate::ui::copy::CopyButton;
use crate::ui::page_header::PageHeader;
use crate::ui::slots::{Actions, Sentence};
use crate::ui::tabs::{TabLink, Tabs};
use domain::states::AppState;
use leptos::prelude::*;
use views::apps::AppDetails;
use views::environments::EnvironmentCard;

/// How often the page is asked for again, seconds.
const REFRESH_SECONDS: u64 = 10;

/// An app.
#[component]
pub fn AppPage() -> impl IntoView {
    let app = named("app");
    let followed = use_followed();
    let pulse = use_polling(REFRESH_SECONDS);
    let details = page_data(
        move || (app.get(), followed.version(), pulse.get()),
        |(app, _, _)| get_app(app),
    );
    loaded(details, move |details| {
        view! { <Overview details followed /> }.into_any()
    })
}

#[component]
fn Overview(details: Signal<AppDetails>, followed: Followed) -> impl IntoView {
    followed.follow(move || details.with(AppDetails::topics));
    let title = Signal::derive(move || details.with(|details| details.name.clone()));
    let cards = Memo::new(move |_| details.with(|details| details.environments.clone()));
    let subdomain = Memo::new(move |_| details.with(|details| details.subdomain.clone()));
    let running = Signal::derive(move || details.with(|details| details.operations.clone()));
    view! {
        <PageHeader title>
            <Sentence slot>
                <p class="status-line">
                    <Tag label=details.with_untracked(|details| tag(&details.region)) />
                    <span>{move || details.with(sentence)}</span>
                </p>
            </Sentence>
            <Actions slot>
                <LinkButton href=Signal::derive(move || paths::packages(&subdomain.get())) kind=ButtonKind::Secondary>
                    "Packages"
                </LinkButton>
            </Actions>
        </PageHeader>
        {move || view! { <AppTabs app=subdomain.get() current=AppTab::Overview /> }}
        <OperationStrips operations=running />
        <ol class="environment-cards" aria-label="Environments">
            {move || {
                let app = subdomain.get();
                cards.get().into_iter()
                    .map(|card| view! { <Card app=app.clone() card /> })
                    .collect_view()
            }}
        </ol>
    }
}

#[component]
fn Card(app: String, card: EnvironmentCard) -> impl IntoView {
    let EnvironmentCard {
        environment,
        deploy,
    } = card;
    let href = paths::environment(&app, &environment.slug);
    let to_deploy = paths::deploy(&app, &environment.slug);
    let url = environment.url.clone();
    let open_reason = environment
        .package
        .is_none()
        .then(|| "Nothing is deployed yet.".to_owned());
    let kind = if environment.package.is_none() {
        ButtonKind::Primary
    } else {
        ButtonKind::Secondary
    };
    view! {
        <li class="environment-card">
            <h2><a href=href>{environment.name}</a></h2>
            <p class="status-line">
                <StatusChip status=Signal::stored(environment.status) />
                {environment.last_failure.map(|change| view! { <LastFailure change /> })}
            </p>
            <p class="environment-card__version">
                {match environment.package {
                    Some(package) => view! { <span>{package}</span> }.into_any(),
                    None => view! { <span class="soft">"Nothing deployed"</span> }.into_any(),
                }}
            </p>
            <p class="address">
                <span class="mono address__text">{url.clone()}</span>
                <CopyButton label="Copy address" text=Signal::stored(url) />
            </p>
            <div class="environment-card__actions">
                <LinkButton href=to_deploy kind reason=Signal::stored(deploy.reason())>"Deploy"</LinkButton>
                <LinkButton href=environment.url kind=ButtonKind::Plain reason=Signal::stored(open_reason) attr:rel="external">
                    "Open"
                </LinkButton>
            </div>
        </li>
    }
}

/// The pages of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppTab {
    /// Its environments.
    Overview,
    /// Its packages.
    Packages,
    /// Its facts and its end.
    Settings,
}

/// Links to the pages of an app.
#[component]
pub fn AppTabs(
    /// The app's place in addresses.
    app: String,
    /// The page that is shown.
    current: AppTab,
) -> impl IntoView {
    let items = vec![
        TabLink::new(paths::app(&app), "Overview", current == AppTab::Overview),
        TabLink::new(
            paths::packages(&app),
            "Packages",
            current == AppTab::Packages,
        ),
        TabLink::new(
            paths::app_settings(&app),
            "Settings",
            current == AppTab::Settings,
        ),
    ];
    view! { <Tabs label="App" items /> }
}

/// Where and on what it runs, or that it is coming or going.
fn sentence(app: &AppDetails) -> String {
    match app.state {
        AppState::Creating => {
            "Being created. Its environments can be deployed to in a moment.".to_owned()
        }
        AppState::Deleting => "Being deleted, with everything in it.".to_owned(),
        AppState::Ready => match (&app.region, &app.plan) {
            (Ok(region), Ok(plan)) => format!(
                "Runs on Cloud {} in {}, each environment on plan {}.",
                app.generation, region.city, plan.code
            ),
            (Err(row), _) | (_, Err(row)) => row.to_string(),
        },
    }
}
