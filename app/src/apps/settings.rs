//! What an app is, and its end.

use super::api::{DeleteApp, get_app};
use super::overview::{AppTab, AppTabs};
use crate::action::use_action;
use crate::error::AppError;
use crate::error::view::{Refusal, refusal};
use crate::follow::{Followed, use_followed};
use crate::page::{loaded, named, page_data};
use crate::ui::button::{Button, ButtonKind};
use crate::ui::copy::CopyButton;
use crate::ui::facts::FactList;
use crate::ui::field::Field;
use crate::ui::input::TextInput;
use crate::ui::moment::Ago;
use crate::ui::page_header::PageHeader;
use crate::ui::panel::Panel;
use crate::ui::slots::Sentence;
use domain::scaling::mib;
use leptos::form::ActionForm;
use leptos::prelude::*;
use views::apps::AppDetails;

/// An app's settings.
#[component]
pub fn AppSettingsPage() -> impl IntoView {
    let app = named("app");
    let followed = use_followed();
    let delete = use_action::<DeleteApp>();
    let details = page_data(
        move || (app.get(), followed.version()),
        |(app, _)| get_app(app),
    );
    loaded(details, move |details| {
        view! { <Settings details followed delete /> }.into_any()
    })
}

#[component]
fn Settings(
    details: Signal<AppDetails>,
    followed: Followed,
    delete: ServerAction<DeleteApp>,
) -> impl IntoView {
    followed.follow(move || details.with(AppDetails::topics));
    let name = Memo::new(move |_| details.with(|details| details.name.clone()));
    let window = Signal::derive(move || Some(format!("Settings · {}", name.get())));
    let subdomain = Memo::new(move |_| details.with(|details| details.subdomain.clone()));
    view! {
        <PageHeader title=name window>
            <Sentence slot><p>"What the app is made of, and how to end it."</p></Sentence>
        </PageHeader>
        {move || view! { <AppTabs app=subdomain.get() current=AppTab::Settings /> }}
        <Panel title="Facts">
            {move || view! { <About details=details.get() /> }}
        </Panel>
        <section class="danger-zone" aria-label="Danger zone">
            <Panel title="Delete this app"><End details delete /></Panel>
        </section>
    }
}

#[component]
fn About(details: AppDetails) -> impl IntoView {
    let (place, residency) = match &details.region {
        Ok(region) => (
            format!(
                "{}: data in {}, backups in {}",
                region.name, region.data.place, region.backups.place
            ),
            region.residency_sentence(),
        ),
        Err(row) => (row.to_string(), "Not known.".to_owned()),
    };
    let plan = match &details.plan {
        Ok(plan) => format!(
            "{}: {} memory and up to {} instances for each environment",
            plan.code,
            mib(plan.app_memory_mib),
            plan.max_instances,
        ),
        Err(row) => row.to_string(),
    };
    view! {
        <FactList>
            <dt>"Subdomain"</dt>
            <dd class="mono">{details.subdomain}</dd>
            <dt>"Region"</dt>
            <dd>{place}</dd>
            <dt>"Residency"</dt>
            <dd>{residency}</dd>
            <dt>"Generation"</dt>
            <dd>{format!("Cloud {}", details.generation)}</dd>
            <dt>"Plan"</dt>
            <dd>{plan}</dd>
            <dt>"Created"</dt>
            <dd><Ago at=details.created_at /></dd>
            <dt>"Id"</dt>
            <dd>
                <span class="mono id">{details.id.to_string()}</span>
                <CopyButton label="Copy id" text=Signal::stored(details.id.to_string()) />
            </dd>
        </FactList>
    }
}

#[component]
fn End(details: Signal<AppDetails>, delete: ServerAction<DeleteApp>) -> impl IntoView {
    let error = refusal(delete);
    let sent = error.with_untracked(|error| error.as_ref()?.typed("typed_name"));
    let typed = RwSignal::new(sent.unwrap_or_default());
    let name = Memo::new(move |_| details.with(|details| details.name.clone()));
    let reason = Memo::new(move |_| details.with(|details| details.delete.reason()));
    let lost = Memo::new(move |_| details.with(losses));
    let field_error = Signal::derive(move || {
        error
            .get()
            .and_then(|error: AppError| error.field("typed_name"))
    });
    let hint =
        Signal::derive(move || Some(format!("Type the app's name to confirm: {}", name.get())));
    view! {
        <ActionForm action=delete attr:class="form-fields" attr:novalidate=true>
            <p>"Everything of it goes, at once and for good:"</p>
            <ul class="losses">
                {move || lost.get().into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}
            </ul>
            <Refusal error fields=&["typed_name"] />
            <input type="hidden" name="app" value=details.with_untracked(|details| details.subdomain.clone()) />
            <Field id="typed-name" label="Name of the app" hint error=field_error>
                <TextInput name="typed_name" value=typed on_input=Callback::new(move |text| typed.set(text)) />
            </Field>
            <p>
                <Button kind=ButtonKind::Danger type_="submit" reason busy=delete.pending()>
                    <span>{move || format!("Delete {}", name.get())}</span>
                </Button>
            </p>
        </ActionForm>
    }
}

/// What is lost when the app is deleted.
fn losses(app: &AppDetails) -> Vec<String> {
    let count = app.environments.len();
    let names: Vec<&str> = app
        .environments
        .iter()
        .map(|card| card.environment.name.as_str())
        .collect();
    let s = if count == 1 { "" } else { "s" };
    vec![
        format!(
            "{count} environment{s} with everything that runs in them: {}",
            names.join(", ")
        ),
        format!("{count} database{s} and {count} file bucket{s} with all data"),
        "every uploaded package".to_owned(),
        format!(
            "the addresses; {} can be taken by somebody else",
            app.subdomain
        ),
    ]
}
