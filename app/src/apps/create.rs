//! The form that makes an app.

mod form_state;

use self::form_state::FormState;
use super::api::{CreateApp, get_offer};
use super::choice::{AddressWords, plan_facts};
use crate::action::use_action;
use crate::error::AppError;
use crate::error::view::{Refusal, refusal};
use crate::page::{loaded, page_data};
use crate::paths;
use crate::ui::button::{Button, ButtonKind, LinkButton};
use crate::ui::choice::{Check, CheckGroup, RadioCard, RadioCards};
use crate::ui::field::Field;
use crate::ui::input::{Affix, TextInput};
use crate::ui::page_header::PageHeader;
use crate::ui::panel::Panel;
use crate::ui::slots::Sentence;
use crate::ui::state::EmptyState;
use domain::capabilities::Generation;
use domain::names::{EnvironmentName, Subdomain};
use domain::plans::PlanOffer;
use domain::regions::RegionOffer;
use domain::states::{Status, Tone};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use views::apps::Offer;

/// Fields that say their own errors.
const FIELDS: &[&str] = &[
    "name",
    "subdomain",
    "region",
    "plan",
    "generation",
    "environments",
];

/// Making an app.
#[component]
pub fn CreateAppPage() -> impl IntoView {
    let create = use_action::<CreateApp>();
    let offer = page_data(|| (), |()| get_offer());
    loaded(offer, move |offer| {
        view! { <Page offer create /> }.into_any()
    })
}

#[component]
fn Page(offer: Signal<Offer>, create: ServerAction<CreateApp>) -> impl IntoView {
    let offer = offer.get_untracked();
    let words = if offer.create.is_allowed() {
        "Give the app a name and press Create: the rest is filled in, and may be changed. The region stays as it is chosen here."
    } else {
        "An app belongs to a company and runs in a region."
    };
    let denied = offer.create.reason();
    let denied = denied.map(|reason| ("You cannot create an app", reason));
    let lacks = || offer.lacks().map(|(title, text)| (title, text.to_owned()));
    let content = match denied.or_else(lacks) {
        None => view! { <Form offer create /> }.into_any(),
        Some((title, reason)) => view! {
            <Panel>
                <EmptyState title text=reason>
                    <LinkButton href=paths::apps()>"Go to your apps"</LinkButton>
                </EmptyState>
            </Panel>
        }
        .into_any(),
    };
    view! {
        <PageHeader title="Create an app">
            <Sentence slot>
                <p>{words}</p>
            </Sentence>
        </PageHeader>
        {content}
    }
}

#[component]
fn Form(offer: Offer, create: ServerAction<CreateApp>) -> impl IntoView {
    let error = refusal(create);
    let key = offer.idempotency_key.clone();
    let left = offer.left();
    let state = FormState::new(offer, error.get_untracked().as_ref());
    Effect::new(move || {
        if error.with(Option::is_some) {
            request_animation_frame(focus_first_refused);
        }
    });
    view! {
        <ActionForm action=create attr:class="columns" attr:novalidate=true>
            <div class="columns__main">
                <Refusal error fields=FIELDS />
                <input type="hidden" name="app[idempotency_key]" value=key />
                <Panel><Names state error /></Panel>
                <Panel><RegionChoice state error /></Panel>
                <Panel><PlanChoice state error /></Panel>
                <Panel><EnvironmentChoice state error /></Panel>
            </div>
            <div class="columns__aside columns__aside--sticky">
                <Panel title="What will be made">
                    <Outcome state busy=create.pending() />
                    <p class="soft">{left}</p>
                </Panel>
            </div>
        </ActionForm>
    }
}

#[component]
fn Names(state: FormState, error: Signal<Option<AppError>>) -> impl IntoView {
    let typed_name = Callback::new(move |name: String| {
        if !state.own_address.get_untracked() {
            let proposal = Subdomain::propose(&name);
            state.subdomain.set(proposal.clone());
            state.ask_after_a_pause(proposal);
        }
        state.name.set(name);
    });
    let typed_address = Callback::new(move |text: String| {
        state.own_address.set(!text.is_empty());
        state.subdomain.set(text.clone());
        state.ask_after_a_pause(text);
    });
    let refused = move |field: &'static str, text: RwSignal<String>| {
        Signal::derive(move || {
            let error = error.get()?;
            text.with(|text| error.field_with(field, text))
        })
    };
    let (name_error, address_error) = (
        refused("name", state.name),
        refused("subdomain", state.subdomain),
    );
    let address_refusal = Signal::derive(move || match state.address_words() {
        AddressWords::Refused(words) => Some(words),
        AddressWords::Hint(_) => address_error.get(),
    });
    let address_hint = Signal::derive(move || match state.address_words() {
        AddressWords::Hint(words) if address_error.with(Option::is_none) => Some(words),
        _ => None,
    });
    let domain = state
        .offer
        .with_value(|offer| format!(".{}", offer.apps.domain));
    view! {
        <div class="form-fields">
            <Field id="name" label="Name" error=name_error>
                <TextInput name="app[name]" value=state.name on_input=typed_name />
            </Field>
            <Field id="subdomain" label="Address" hint=address_hint error=address_refusal>
                <Affix after=domain>
                    <TextInput name="app[subdomain]" value=state.subdomain mono=true on_input=typed_address />
                </Affix>
            </Field>
        </div>
    }
}

#[component]
fn RegionChoice(state: FormState, error: Signal<Option<AppError>>) -> impl IntoView {
    let (options, hint) = state.offer.with_value(|offer| {
        let cards = offer.regions.iter().map(region_card).collect::<Vec<_>>();
        let rule = if offer.residency_required {
            format!(
                " {} requires that data stays in its political region.",
                offer.company
            )
        } else {
            String::new()
        };
        (
            cards,
            format!("Where the app runs and where its data and backups lie.{rule}"),
        )
    });
    let error = Signal::derive(move || error.get().and_then(|error| error.field("region")));
    view! {
        <RadioCards legend="Region" name="app[region]" options selected=state.region hint=Some(hint) error />
    }
}

fn region_card(offer: &RegionOffer) -> RadioCard {
    let Ok(region) = &offer.region else {
        return unusable_card(offer.code(), offer.refusal.clone());
    };
    let tone = if region.backups_stay() {
        Tone::Ok
    } else {
        Tone::Warn
    };
    let state = if offer.refusal.is_none() {
        "Takes new apps"
    } else {
        "Not for this app"
    };
    let facts = [
        ("Data", region.data.place.as_str()),
        ("Backups", region.backups.place.as_str()),
        ("State", state),
    ];
    RadioCard {
        value: region.code.to_string(),
        title: region.name.clone(),
        tag: region.data.jurisdiction.code.to_string(),
        facts: facts
            .map(|(term, fact)| (term.to_owned(), fact.to_owned()))
            .to_vec(),
        chip: Some(Status {
            tone,
            label: region.residency_sentence(),
        }),
        disabled_reason: offer.refusal.clone(),
    }
}

/// The card of a row that cannot be used, with which row and what to do.
fn unusable_card(code: &str, disabled_reason: Option<String>) -> RadioCard {
    RadioCard {
        value: code.to_owned(),
        title: code.to_owned(),
        disabled_reason,
        ..RadioCard::default()
    }
}

fn plan_card(offer: &PlanOffer) -> RadioCard {
    match &offer.plan {
        Ok(plan) => RadioCard {
            value: plan.code.to_string(),
            title: plan.code.to_string(),
            facts: plan_facts(plan),
            ..RadioCard::default()
        },
        Err(row) => unusable_card(offer.code(), Some(row.to_string())),
    }
}

#[component]
fn PlanChoice(state: FormState, error: Signal<Option<AppError>>) -> impl IntoView {
    let plans = state
        .offer
        .with_value(|offer| offer.plans.iter().map(plan_card).collect::<Vec<_>>());
    let generation = |generation: Generation| RadioCard {
        value: generation.as_str().to_owned(),
        title: format!("Cloud {generation}"),
        facts: vec![("For".to_owned(), generation_use(generation).to_owned())],
        disabled_reason: generation
            .capabilities()
            .new_apps
            .err()
            .map(ToOwned::to_owned),
        ..RadioCard::default()
    };
    let generations = [Generation::V4, Generation::V3].map(generation).to_vec();
    let of = move |field: &'static str| {
        Signal::derive(move || error.get().and_then(|error| error.field(field)))
    };
    view! {
        <div class="form-fields">
            <RadioCards
                legend="Plan"
                name="app[plan]"
                options=plans
                selected=state.plan
                hint=Some("What each environment may use.".to_owned())
                error=of("plan")
            />
            <RadioCards
                legend="Generation"
                name="app[generation]"
                options=generations
                selected=state.generation
                error=of("generation")
            />
        </div>
    }
}

const fn generation_use(generation: Generation) -> &'static str {
    match generation {
        Generation::V4 => "Every new app: scales out, heals itself",
        Generation::V3 => "Apps that need a VPN or a mail server beside them",
    }
}

#[component]
fn EnvironmentChoice(state: FormState, error: Signal<Option<AppError>>) -> impl IntoView {
    let options = EnvironmentName::defaults()
        .map(|name| Check {
            value: name.to_string(),
            label: name.to_string(),
            hint: String::new(),
        })
        .to_vec();
    let extra = Callback::new(move |text: String| state.extra_environment.set(text));
    let extra_error = Signal::derive(move || {
        let text = state.extra_environment.get();
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let name = match EnvironmentName::parse(text) {
            Ok(name) => name,
            Err(error) => return Some(error.message),
        };
        let ticked = state.environments.get();
        let other = ticked.iter().find(|other| {
            EnvironmentName::parse(other).is_ok_and(|other| other.slug() == name.slug())
        })?;
        Some(format!(
            "“{other}” is there twice; every environment needs a name of its own."
        ))
    });
    // What is wrong with the one more environment is said there alone.
    let error = Signal::derive(move || {
        let said = error.get()?.field("environments")?;
        extra_error.get().is_none().then_some(said)
    });
    view! {
        <div class="form-fields">
            <CheckGroup
                legend="Environments"
                name="app[environments][]"
                options
                selected=state.environments
                hint=Some("Each has a database, a file bucket and an address of its own.".to_owned())
                error
            />
            <Field
                id="extra-environment"
                label="One more environment"
                hint=Some("Optional, by a name of your own such as Load or Training.".to_owned())
                error=extra_error
            >
                <TextInput name="app[extra_environment]" value=state.extra_environment on_input=extra />
            </Field>
        </div>
    }
}

#[component]
fn Outcome(state: FormState, #[prop(into)] busy: Signal<bool>) -> impl IntoView {
    let outcome = Memo::new(move |_| {
        state
            .offer
            .with_value(|offer| state.choice().outcome(offer))
    });
    let addresses = Memo::new(move |_| {
        state
            .offer
            .with_value(|offer| state.choice().addresses(offer))
    });
    view! {
        <div class="outcome">
            <p class="outcome__headline">{move || outcome.get().0}</p>
            <ul class="outcome__list">
                {move || outcome.get().1.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}
            </ul>
            <ul class="outcome__addresses" aria-label="Addresses">
                {move || {
                    addresses.get().into_iter()
                        .map(|(_, url)| view! { <li class="mono">{url}</li> })
                        .collect_view()
                }}
            </ul>
            <Button kind=ButtonKind::Primary type_="submit" busy>"Create app"</Button>
            <LinkButton href=paths::apps() kind=ButtonKind::Plain>"Cancel"</LinkButton>
            <small>"Takes a few seconds. You can leave the page."</small>
        </div>
    }
}

/// Brings a person to the first field that needs another value.
fn focus_first_refused() {
    let found = document()
        .query_selector(
            "main [aria-invalid='true'], main fieldset[data-invalid] input:not(:disabled)",
        )
        .ok()
        .flatten();
    if let Some(field) =
        found.and_then(|field| field.dyn_into::<leptos::web_sys::HtmlElement>().ok())
    {
        let _ = field.focus();
    }
}
