//! Buttons and form controls.

use crate::ui::button::{Button, ButtonKind, IconButton, LinkButton};
use crate::ui::choice::{Check, CheckGroup, RadioCard, RadioCards};
use crate::ui::copy::{CopyButton, Masked};
use crate::ui::dialog::Dialog;
use crate::ui::disclosure::Disclosure;
use crate::ui::field::Field;
use crate::ui::icon::Shape;
use crate::ui::input::{Affix, TextInput};
use crate::ui::panel::Panel;
use crate::ui::select::{Select, SelectOption};
use crate::ui::slider::Slider;
use domain::states::{Status, Tone};
use leptos::prelude::*;

/// Everything that is pressed.
#[component]
pub fn Buttons() -> impl IntoView {
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let secret = RwSignal::new(None::<String>);
    let reason = "The environment is stopped. Start it first.".to_owned();
    view! {
        <div id="buttons"></div>
        <Panel title="Buttons">
            <div class="row-of">
                <Button kind=ButtonKind::Primary>"Deploy"</Button>
                <Button>"Restart"</Button>
                <Button kind=ButtonKind::Danger>"Stop"</Button>
                <Button kind=ButtonKind::Plain>"Cancel"</Button>
                <IconButton label="Close" icon=Shape::Close />
                <LinkButton href="/apps">"A link"</LinkButton>
                <Button busy on_press=move |()| busy.set(true)>"Press to be busy"</Button>
                <Button kind=ButtonKind::Primary busy=true>"Saving"</Button>
                <Button reason=Some(reason.clone())>"With a reason"</Button>
                <Button kind=ButtonKind::Primary reason=Some(reason)>"Primary with a reason"</Button>
            </div>
            <div class="row-of">
                <CopyButton label="Copy address" text="http://shop.apps.localhost:8080" />
                <Masked
                    label="Password"
                    value=secret
                    on_reveal=move |()| secret.set(Some("correct-horse-battery".to_owned()))
                />
            </div>
            <div class="row-of">
                <Button kind=ButtonKind::Danger on_press=move |()| open.set(true)>"Delete in a dialog"</Button>
            </div>
            <Disclosure summary="Delete without JavaScript" kind=ButtonKind::Danger>
                <p>"What would be lost is said here, before the button."</p>
            </Disclosure>
            <Dialog id="gallery-dialog" title="Delete Shop?" open>
                <p>"3 environments, their databases and files are deleted. This cannot be undone."</p>
                <Field id="gallery-typed" label="Type the name of the app">
                    <TextInput name="typed" mono=true />
                </Field>
                <div class="end">
                    <Button kind=ButtonKind::Plain on_press=move |()| open.set(false)>"Keep it"</Button>
                    <Button kind=ButtonKind::Danger>"Delete Shop"</Button>
                </div>
            </Dialog>
        </Panel>
    }
}

/// Everything that is filled in.
#[component]
pub fn Forms() -> impl IntoView {
    let instances = RwSignal::new(3_u32);
    let region = RwSignal::new("eu".to_owned());
    let environments = RwSignal::new(vec!["test".to_owned(), "production".to_owned()]);
    let plans = vec![
        SelectOption::new("s", "Small"),
        SelectOption::new("m", "Medium"),
    ];
    view! {
        <div id="forms"></div>
        <Panel title="Fields">
            <div class="grid">
                <Field id="gallery-name" label="Name" hint="Up to 60 characters.".to_owned()>
                    <TextInput name="name" value="Warehouse" />
                </Field>
                <Field
                    id="gallery-address"
                    label="Address"
                    hint="Free. Test will be http://warehouse-test.apps.localhost:8080".to_owned()
                >
                    <Affix after=".apps.localhost">
                        <TextInput name="subdomain" value="warehouse" mono=true />
                    </Affix>
                </Field>
                <Field
                    id="gallery-refused"
                    label="Refused"
                    error="Use lower-case letters, digits and hyphens; “Ware house” has a space.".to_owned()
                >
                    <TextInput name="refused" value="Ware house" />
                </Field>
                <Field id="gallery-plan" label="Plan">
                    <Select name="plan" options=plans value="m" />
                </Field>
                <Slider
                    id="gallery-instances"
                    name="instances"
                    label="Instances"
                    max=4
                    value=instances
                    format=|number| format!("{number} of 4")
                />
            </div>
            <RadioCards legend="Region" name="gallery-region" options=regions() selected=region />
            <CheckGroup
                legend="Environments"
                name="gallery-environments"
                options=boxes()
                selected=environments
                hint="Production can be added later.".to_owned()
            />
        </Panel>
    }
}

fn regions() -> Vec<RadioCard> {
    let card = |value: &str, title: &str, tag: &str, data: &str, backups: &str| RadioCard {
        value: value.to_owned(),
        title: title.to_owned(),
        tag: tag.to_owned(),
        facts: vec![
            ("Data".to_owned(), data.to_owned()),
            ("Backups".to_owned(), backups.to_owned()),
        ],
        ..RadioCard::default()
    };
    let chip = |tone, label: &str| {
        Some(Status {
            tone,
            label: label.to_owned(),
        })
    };
    vec![
        RadioCard {
            chip: chip(Tone::Ok, "Stays in the EU"),
            ..card(
                "eu",
                "Europe",
                "EU",
                "Frankfurt, Germany",
                "Dublin, Ireland",
            )
        },
        RadioCard {
            chip: chip(Tone::Warn, "Backups leave the UK"),
            ..card("uk", "United Kingdom", "UK", "London", "Dublin, Ireland")
        },
        RadioCard {
            chip: chip(Tone::Bad, "Not allowed: leaves Japan"),
            disabled_reason: Some(
                "Northwind requires that data stays in its political region.".to_owned(),
            ),
            ..card(
                "jp",
                "Asia Pacific",
                "JP",
                "Tokyo, Japan",
                "Sydney, Australia",
            )
        },
    ]
}

fn boxes() -> Vec<Check> {
    let check = |value: &str, label: &str, hint: &str| Check {
        value: value.to_owned(),
        label: label.to_owned(),
        hint: hint.to_owned(),
    };
    vec![
        check("test", "Test", ""),
        check("acceptance", "Acceptance", "For those who accept the work."),
        check("production", "Production", ""),
    ]
}
