//! An environment: how it does, what runs, what may be done.

mod facts;
mod storage;

use self::facts::{Database, Deployments, Events, LiveVersion};
use self::storage::{Held, Storage};
use super::api::{
    RestartEnvironment, ScaleEnvironment, StartEnvironment, StopEnvironment, get_environment,
};
use super::header::{Address, EnvironmentTab, EnvironmentTabs, Place, StatusLine};
use super::instances::Instances;
use super::scale::{ScaleChoice, ScalePanel};
use crate::action::use_action;
use crate::error::view::{Refusal, done, refusal};
use crate::follow::{Followed, use_followed};
use crate::operations::progress::OperationStrips;
use crate::operations::status_text::sentence;
use crate::page::{loaded, named, page_data};
use crate::paths;
use crate::polling::use_polling;
use crate::ui::button::{Button, ButtonKind, LinkButton};
use crate::ui::disclosure::Disclosure;
use crate::ui::moment::Ago;
use crate::ui::notice::Notice;
use crate::ui::page_header::PageHeader;
use crate::ui::panel::Panel;
use crate::ui::slots::{Actions, Sentence};
use domain::rights::Access;
use domain::states::{Desired, Tone};
use leptos::form::ActionForm;
use leptos::prelude::*;
use views::environments::{EnvironmentDetails, Rollout};
use views::operations::OperationSummary;

/// How often the page is asked for again, seconds: ages and loads change without a notice.
const REFRESH_SECONDS: u64 = 5;

/// The actions of the page; made once, so that a refresh of the data loses none of their answers.
#[derive(Clone, Copy)]
struct PageActions {
    start: ServerAction<StartEnvironment>,
    stop: ServerAction<StopEnvironment>,
    restart: ServerAction<RestartEnvironment>,
    scale: ServerAction<ScaleEnvironment>,
}

impl PageActions {
    fn new() -> Self {
        Self {
            start: use_action(),
            stop: use_action(),
            restart: use_action(),
            scale: use_action(),
        }
    }

    /// Changes whenever one of the actions has an answer.
    fn version(self) -> usize {
        self.start.version().get()
            + self.stop.version().get()
            + self.restart.version().get()
            + self.scale.version().get()
    }

    /// Forgets refusals that no longer hold.
    fn clear(self) {
        self.start.clear();
        self.stop.clear();
        self.restart.clear();
        self.scale.clear();
    }
}

/// An environment.
#[component]
pub fn EnvironmentPage() -> impl IntoView {
    let (app, slug) = (named("app"), named("environment"));
    let followed = use_followed();
    let pulse = use_polling(REFRESH_SECONDS);
    let actions = PageActions::new();
    let choice = ScaleChoice::new();
    let details = page_data(
        move || {
            (
                app.get(),
                slug.get(),
                (followed.version(), pulse.get()),
                actions.version(),
            )
        },
        |(app, slug, _, _)| get_environment(app, slug),
    );
    loaded(details, move |details| {
        view! { <Overview details followed actions choice /> }.into_any()
    })
}

#[component]
fn Overview(
    details: Signal<EnvironmentDetails>,
    followed: Followed,
    actions: PageActions,
    choice: ScaleChoice,
) -> impl IntoView {
    followed.follow(move || details.with(EnvironmentDetails::topics));
    let title = Signal::derive(move || details.with(|details| details.name.clone()));
    let window = Signal::derive(move || {
        Some(details.with(|details| format!("{} · {}", details.name, details.app_name)))
    });
    let status = Signal::derive(move || details.with(|details| details.status.clone()));
    let sentence = Signal::derive(move || details.with(|details| details.sentence.clone()));
    let observed_at = Signal::derive(move || details.with(|details| details.observed_at));
    let url = Signal::derive(move || details.with(|details| details.url.clone()));
    let place =
        Memo::new(move |_| details.with(|details| (details.app.clone(), details.slug.clone())));
    let running = Signal::derive(move || {
        details.with(|details| details.operation.clone().into_iter().collect::<Vec<_>>())
    });
    // What was refused because something was under way may be asked for again once that has ended.
    Effect::new(move |was_busy: Option<bool>| {
        let busy = running.with(|operations| !operations.is_empty());
        if was_busy == Some(true) && !busy {
            actions.clear();
        }
        busy
    });
    view! {
        <PageHeader title window>
            <Sentence slot>
                <StatusLine status sentence observed_at />
                <Address url />
            </Sentence>
            <Actions slot><Buttons details actions /></Actions>
        </PageHeader>
        {move || {
            let (app, environment) = place.get();
            view! { <EnvironmentTabs app environment current=EnvironmentTab::Overview /> }
        }}
        <Refusal error=refusal(actions.start) />
        <Refusal error=refusal(actions.stop) />
        <Refusal error=refusal(actions.restart) />
        <OperationStrips operations=running />
        <Trouble details />
        <Held details />
        <InstancePanel details />
        <div class="columns">
            <div class="columns__main">
                <div class="grid">
                    <Panel title="Live version"><LiveVersion details /></Panel>
                    <Panel title="Database"><Database details /></Panel>
                    <Panel title="Storage"><Storage details /></Panel>
                </div>
                <Panel title="Events"><Events details /></Panel>
                <Panel title="Deployments"><Deployments details /></Panel>
            </div>
            <div class="columns__aside">
                <Panel title="Scale"><ScalePanel details choice action=actions.scale /></Panel>
            </div>
        </div>
    }
}

#[component]
fn Buttons(details: Signal<EnvironmentDetails>, actions: PageActions) -> impl IntoView {
    let may = move |pick: fn(&EnvironmentDetails) -> &Access| {
        Signal::from(Memo::new(move |_| {
            details.with(|details| pick(details).reason())
        }))
    };
    let deploy =
        Signal::derive(move || details.with(|details| paths::deploy(&details.app, &details.slug)));
    let stop_reason: Signal<Option<String>> = may(|details| &details.actions.stop);
    view! {
        <LinkButton href=deploy kind=ButtonKind::Primary reason=may(|details| &details.actions.deploy)>
            "Deploy"
        </LinkButton>
        <ActionForm action=actions.start>
            <Place details />
            <Button type_="submit" reason=may(|details| &details.actions.start) busy=actions.start.pending()>
                "Start"
            </Button>
        </ActionForm>
        <ActionForm action=actions.restart>
            <Place details />
            <Button type_="submit" reason=may(|details| &details.actions.restart) busy=actions.restart.pending()>
                "Restart"
            </Button>
        </ActionForm>
        <Disclosure summary="Stop" kind=ButtonKind::Danger reason=stop_reason done=done(actions.stop)>
            <ActionForm action=actions.stop>
                <Place details />
                <p>"Requests under way are finished, then nobody can reach it. Data, files and the package stay; starting it again takes a moment."</p>
                <Button kind=ButtonKind::Danger type_="submit" reason=stop_reason busy=actions.stop.pending()>
                    <span>{move || format!("Stop {}", details.with(|details| details.name.clone()))}</span>
                </Button>
            </ActionForm>
        </Disclosure>
    }
}

/// What went wrong last, and what it says.
#[component]
fn Trouble(details: Signal<EnvironmentDetails>) -> impl IntoView {
    let failure = Memo::new(move |_| details.with(|details| details.last_failure.clone()));
    let rollout = Memo::new(move |_| details.with(|details| details.rollout.clone()));
    view! {
        {move || failure.get().map(|operation| view! { <LastFailure operation /> })}
        {move || match rollout.get() {
            Some(Rollout::Failed { reason, log }) => Some(view! {
                <Notice tone=Tone::Bad title="The wanted version does not start; what ran before keeps serving">
                    <p>{reason}</p>
                    <pre class="log-tail" tabindex="0" aria-label="Last log lines">{log.join("\n")}</pre>
                </Notice>
            }.into_any()),
            Some(Rollout::Rolling { done, total, doing }) => Some(view! {
                <Notice tone=Tone::Busy title=doing>
                    <p>{format!("{done} of {total} instances are as wanted.")}</p>
                </Notice>
            }.into_any()),
            None => None,
        }}
    }
}

#[component]
fn LastFailure(operation: OperationSummary) -> impl IntoView {
    let text = operation
        .error
        .clone()
        .unwrap_or_else(|| sentence(&operation).to_owned());
    let at = operation.finished_at.unwrap_or(operation.created_at);
    view! {
        <Notice tone=Tone::Bad title=format!("{}: failed", operation.title)>
            <p class="failure-text">{text}</p>
            <p>
                <Ago at /> " · " <a href=paths::operation(operation.id)>"Log and what was taken back"</a>
            </p>
        </Notice>
    }
}

#[component]
fn InstancePanel(details: Signal<EnvironmentDetails>) -> impl IntoView {
    let instances = Memo::new(move |_| details.with(|details| details.instances.clone()));
    let read_at = Signal::derive(move || details.with(|details| details.read_at));
    let none = Memo::new(move |_| instances.with(Vec::is_empty));
    let capacity = move || details.with(capacity);
    let words = move || details.with(nothing_runs);
    let unenforced = Memo::new(move |_| details.with(|details| details.unenforced.join(" ")));
    view! {
        <Panel title="Instances" flush=true>
            <Actions slot><span class="soft">{capacity}</span></Actions>
            {move || {
                if none.get() {
                    view! { <p class="nothing">{words}</p> }.into_any()
                } else {
                    view! { <Instances instances read_at /> }.into_any()
                }
            }}
            <p class="soft caveats" hidden=move || unenforced.with(String::is_empty)>
                {move || unenforced.get()}
            </p>
        </Panel>
    }
}

/// Desired instances and memory beside what the plan has: `3 × 1 GB of 4 GB`.
fn capacity(details: &EnvironmentDetails) -> String {
    use domain::scaling::mib;
    let of_plan = details
        .plan
        .as_ref()
        .map(|plan| format!(" of {}", mib(plan.app_memory_mib)));
    format!(
        "{} × {}{}{}",
        details.scale.instances,
        mib(details.scale.memory_mib),
        of_plan.unwrap_or_default(),
        if details.sandbox.is_empty() {
            String::new()
        } else {
            format!(" · in {}", details.sandbox)
        }
    )
}

/// Why there are no instances.
fn nothing_runs(details: &EnvironmentDetails) -> &'static str {
    match (details.package.is_some(), details.desired) {
        (false, _) => "No instances: nothing is deployed yet.",
        (true, Desired::Stopped) => "No instances: the environment is stopped. Its data is kept.",
        (true, Desired::Running) => "No instances are known yet.",
    }
}
