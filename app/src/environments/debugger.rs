//! The debugger of an environment: where to connect, with what, and to which instance.

use super::api::{ChooseDebuggerInstance, RevealDebuggerPassword, get_debugger};
use super::header::{EnvironmentTab, EnvironmentTabs};
use crate::action::use_action;
use crate::error::view::{Refusal, refusal};
use crate::follow::{Followed, use_followed};
use crate::page::{loaded, named, page_data};
use crate::polling::use_polling;
use crate::ui::button::Button;
use crate::ui::chip::{Chip, StatusChip};
use crate::ui::copy::{CopyButton, Masked};
use crate::ui::facts::FactList;
use crate::ui::moment::Ago;
use crate::ui::page_header::PageHeader;
use crate::ui::panel::Panel;
use crate::ui::preserve_input::preserve_checked;
use crate::ui::slots::Sentence;
use crate::ui::table::{Column, Table};
use domain::states::{Status, Tone};
use leptos::form::ActionForm;
use leptos::prelude::*;
use views::environments::{Debugger, DebuggerInstance};

/// How often the instances are asked again, seconds: nobody tells when a debugger connects.
const REFRESH_SECONDS: u64 = 5;

/// An environment's debugger.
#[component]
pub fn DebuggerPage() -> impl IntoView {
    let place = Place {
        app: named("app"),
        environment: named("environment"),
    };
    let followed = use_followed();
    let choose = use_action::<ChooseDebuggerInstance>();
    let reveal = use_action::<RevealDebuggerPassword>();
    let pulse = use_polling(REFRESH_SECONDS);
    let debugger = page_data(
        move || {
            (
                place.app.get(),
                place.environment.get(),
                (followed.version(), pulse.get()),
                choose.version().get(),
            )
        },
        |(app, environment, _, _)| get_debugger(app, environment),
    );
    loaded(debugger, move |debugger| {
        view! { <Page debugger place followed choose reveal /> }.into_any()
    })
}

/// Which environment the page is about.
#[derive(Clone, Copy)]
struct Place {
    app: Memo<String>,
    environment: Memo<String>,
}

#[component]
fn Page(
    debugger: Signal<Debugger>,
    place: Place,
    followed: Followed,
    choose: ServerAction<ChooseDebuggerInstance>,
    reveal: ServerAction<RevealDebuggerPassword>,
) -> impl IntoView {
    followed.follow(move || debugger.with(Debugger::topics));
    let title = Signal::derive(move || debugger.with(|debugger| debugger.name.clone()));
    let window = Signal::derive(move || {
        Some(
            debugger
                .with(|debugger| format!("Debugger · {} · {}", debugger.name, debugger.app_name)),
        )
    });
    let status = Signal::derive(move || debugger.with(|debugger| debugger.status.clone()));
    let instances = Memo::new(move |_| debugger.with(|debugger| debugger.instances.clone()));
    let table = move || {
        match instances.get() {
        list if list.is_empty() => view! {
            <p class="nothing">"No instance runs, so there is nothing to debug. Start the environment first."</p>
        }
        .into_any(),
        list => view! { <Answers instances=list /> }.into_any(),
    }
    };
    view! {
        <PageHeader title window>
            <Sentence slot>
                <p class="status-line">
                    <StatusChip status />
                    <span>"On Cloud v4 the debugger is always active; there is nothing to switch on."</span>
                </p>
            </Sentence>
        </PageHeader>
        {move || {
            view! {
                <EnvironmentTabs
                    app=place.app.get()
                    environment=place.environment.get()
                    current=EnvironmentTab::Debugger
                />
            }
        }}
        <div class="columns">
            <div class="columns__main">
                <Panel title="Credentials"><Credentials debugger place reveal /></Panel>
                <Panel title="What the instances say" flush=true>{table}</Panel>
            </div>
            <div class="columns__aside">
                <Panel title="Debugged instance"><Choice debugger place choose /></Panel>
            </div>
        </div>
    }
}

#[component]
fn Credentials(
    debugger: Signal<Debugger>,
    place: Place,
    reveal: ServerAction<RevealDebuggerPassword>,
) -> impl IntoView {
    let url = Signal::derive(move || debugger.with(|debugger| debugger.url.clone()));
    let reason = Memo::new(move |_| debugger.with(|debugger| debugger.reveal.reason()));
    let value = reveal.value();
    let password = Signal::derive(move || value.with(|value| value.clone().and_then(Result::ok)));
    let ask = Callback::new(move |()| {
        reveal.dispatch(RevealDebuggerPassword {
            app: place.app.get_untracked(),
            environment: place.environment.get_untracked(),
        });
    });
    view! {
        <p>"In Studio Pro choose Run, Connect Debugger, and give it these. They are those of the running runtime."</p>
        <FactList>
            <dt>"Address"</dt>
            <dd class="address">
                <span class="mono address__text">{move || url.get()}</span>
                <CopyButton label="Copy address" text=url />
            </dd>
            <dt>"Password"</dt>
            <dd>
                <Masked label="Password" value=password on_reveal=ask reason />
            </dd>
        </FactList>
        <Refusal error=refusal(reveal) />
        <p class="soft">
            {move || reason.get().unwrap_or_else(|| "That you looked is kept in the audit.".to_owned())}
        </p>
        <noscript><p class="soft">"Revealing the password needs JavaScript: it never lies in a page or an address."</p></noscript>
    }
}

#[component]
fn Answers(instances: Vec<DebuggerInstance>) -> impl IntoView {
    let columns = vec![
        Column::number("#"),
        Column::text("State"),
        Column::text("Debugger"),
        Column::text("Studio Pro"),
        Column::number("Paused microflows"),
    ];
    let row = |instance: DebuggerInstance| {
        let state = Status {
            tone: instance.state.tone(),
            label: instance.state.label().to_owned(),
        };
        let (tone, label) = answer(&instance);
        let client = if instance.client_connected {
            "Connected"
        } else {
            "Not connected"
        };
        view! {
            <tr>
                <td class="number mono">{instance.index}</td>
                <td data-label="State"><StatusChip status=Signal::stored(state) /></td>
                <td data-label="Debugger">
                    <Chip tone label />
                    {instance.told_at.map(|at| view! { <small class="age"><span>"as of "</span><Ago at /></small> })}
                </td>
                <td data-label="Studio Pro">{client}</td>
                <td data-label="Paused microflows" class="number">{instance.paused}</td>
            </tr>
        }
    };
    view! {
        <Table caption="Debugger of each instance" columns stack=true>
            {instances.into_iter().map(row).collect_view()}
        </Table>
    }
}

#[component]
fn Choice(
    debugger: Signal<Debugger>,
    place: Place,
    choose: ServerAction<ChooseDebuggerInstance>,
) -> impl IntoView {
    let indexes = Memo::new(move |_| debugger.with(indexes));
    let chosen = Memo::new(move |_| debugger.with(|debugger| debugger.instance));
    let reason = Memo::new(move |_| debugger.with(|debugger| debugger.choose.reason()));
    // What a person has picked stays picked while the instances come and go, until a choice is saved.
    let picked = RwSignal::new(None::<u16>);
    Effect::new(move || {
        chosen.track();
        picked.set(None);
    });
    let option = move |index: u16| {
        let id = format!("debugged-{index}");
        preserve_checked(&id, move |on| {
            if on {
                picked.set(Some(index));
            }
        });
        let taken = move || picked.get().unwrap_or_else(|| chosen.get()) == index;
        view! {
            <label class="instance-choice">
                <input
                    type="radio"
                    id=id
                    name="instance"
                    value=index
                    checked=chosen.get_untracked() == index
                    prop:checked=taken
                    on:change=move |_| picked.set(Some(index))
                />
                <span>{format!("Instance {index}")}</span>
            </label>
        }
    };
    view! {
        <ActionForm action=choose attr:class="form-fields">
            <p class="soft">
                "The debugger’s address leads to one instance. Requests of users go to all of them, so a breakpoint is only met by those that this instance gets. Choosing another restarts nothing."
            </p>
            <Refusal error=refusal(choose) />
            <input type="hidden" name="app" value=move || place.app.get() />
            <input type="hidden" name="environment" value=move || place.environment.get() />
            <fieldset class="instance-choices">
                <legend>"Instance"</legend>
                <For each=move || indexes.get() key=|index| *index children=option />
            </fieldset>
            <Button type_="submit" reason busy=choose.pending()>"Save"</Button>
            <p class="soft" role="status">
                {move || format!("The address leads to instance {} now.", chosen.get())}
            </p>
        </ActionForm>
    }
}

/// The indexes that can be chosen: those that run, and the chosen one.
fn indexes(debugger: &Debugger) -> Vec<u16> {
    let mut all: Vec<u16> = debugger
        .instances
        .iter()
        .map(|instance| instance.index)
        .collect();
    all.push(debugger.instance);
    all.sort_unstable();
    all.dedup();
    all
}

/// What it says of its debugger.
fn answer(instance: &DebuggerInstance) -> (Tone, String) {
    let (tone, words) = match instance.enabled {
        Some(true) => (Tone::Ok, "Active"),
        Some(false) => (Tone::Warn, "Not active"),
        None => (Tone::Idle, "No answer"),
    };
    (tone, words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::rights::Access;
    use domain::states::InstanceState;

    fn instance(index: u16) -> DebuggerInstance {
        DebuggerInstance {
            index,
            state: InstanceState::Ready,
            enabled: Some(true),
            client_connected: false,
            paused: 0,
            told_at: Some(1_700_000_000),
        }
    }

    #[test]
    fn the_chosen_instance_can_be_seen_even_when_it_is_away() {
        let debugger = Debugger {
            environment: "00000000-0000-0000-0000-000000000002"
                .parse()
                .expect("an id"),
            app_name: "Shop".to_owned(),
            name: "Test".to_owned(),
            status: Status {
                tone: Tone::Ok,
                label: "Running 2 / 3".to_owned(),
            },
            url: String::new(),
            instance: 1,
            instances: vec![instance(2), instance(0), instance(0)],
            reveal: Access::Allowed,
            choose: Access::Allowed,
        };
        assert_eq!(indexes(&debugger), [0, 1, 2]);
    }

    #[test]
    fn silence_is_not_taken_for_an_answer() {
        assert_eq!(answer(&instance(0)).1, "Active");
        let silent = DebuggerInstance {
            enabled: None,
            ..instance(0)
        };
        assert_eq!(answer(&silent).1, "No answer");
    }
}
