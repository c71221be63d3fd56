//! One operation: its phases, its log, and the way to stop it.

use super::api::{CancelOperation, RetryOperation, get_operation};
use super::status_text::{doing, elapsed, sentence, silence};
use crate::action::use_action;
use crate::error::view::{Refusal, done, refusal};
use crate::follow::{Followed, use_followed};
use crate::format::duration::in_words;
use crate::page::{loaded, named, page_data};
use crate::paths;
use crate::polling::use_polling;
use crate::ui::bar::ProgressBar;
use crate::ui::button::{Button, ButtonKind, LinkButton};
use crate::ui::chip::StatusChip;
use crate::ui::copy::CopyButton;
use crate::ui::disclosure::Disclosure;
use crate::ui::facts::FactList;
use crate::ui::moment::{Ago, Moment, use_clock};
use crate::ui::notice::Notice;
use crate::ui::page_header::PageHeader;
use crate::ui::panel::Panel;
use crate::ui::slots::{Actions, Sentence};
use domain::states::{OperationState, Tone};
use leptos::form::ActionForm;
use leptos::prelude::*;
use views::operations::{LogEntry, OperationDetails, OperationSummary, Phase, PhaseState};

/// How often the page is asked for again, seconds: the silence of a worker makes no notice.
const REFRESH_SECONDS: u64 = 10;

/// One operation.
#[component]
pub fn OperationPage() -> impl IntoView {
    let id = named("operation");
    let followed = use_followed();
    let pulse = use_polling(REFRESH_SECONDS);
    let cancel = use_action::<CancelOperation>();
    let retry = use_action::<RetryOperation>();
    let asked = move || (cancel.version().get(), retry.version().get());
    let operation = page_data(
        move || (id.get(), (followed.version(), pulse.get()), asked()),
        |(id, _, _)| get_operation(id),
    );
    loaded(operation, move |details| {
        view! { <Details details followed cancel retry /> }.into_any()
    })
}

#[component]
fn Details(
    details: Signal<OperationDetails>,
    followed: Followed,
    cancel: ServerAction<CancelOperation>,
    retry: ServerAction<RetryOperation>,
) -> impl IntoView {
    followed.follow(move || details.with(OperationDetails::topics));
    let summary = Memo::new(move |_| details.with(|details| details.summary.clone()));
    let title = Signal::derive(move || summary.with(|summary| summary.title.clone()));
    let status = Signal::derive(move || summary.with(OperationSummary::status));
    view! {
        <PageHeader title>
            <Sentence slot>
                <p class="status-line">
                    <StatusChip status />
                    <span>{move || summary.with(sentence)}</span>
                </p>
            </Sentence>
            <Actions slot>
                <Next details />
                <Cancel details cancel />
                <Retry details retry />
            </Actions>
        </PageHeader>
        <Refusal error=refusal(cancel) />
        <Refusal error=refusal(retry) />
        <Warnings details />
        <div class="columns">
            <div class="columns__main">
                <Panel title="Progress"><Progress details /></Panel>
                <Panel title="Log" flush=true><Log details /></Panel>
            </div>
            <div class="columns__aside">
                <Panel title="Phases">
                    <ol class="phases">
                        {move || details.with(|details| details.phases.iter().map(phase).collect_view())}
                    </ol>
                </Panel>
                <Panel title="Facts"><About details /></Panel>
            </div>
        </div>
    }
}

#[component]
fn Warnings(details: Signal<OperationDetails>) -> impl IntoView {
    let clock = use_clock();
    let error = Memo::new(move |_| details.with(|details| details.summary.error.clone()));
    let undone = Memo::new(move |_| details.with(undone));
    let silence =
        Memo::new(move |_| details.with(|details| silence(&details.summary, clock.now())));
    view! {
        {move || {
            error.get().map(|error| {
                view! {
                    <Notice tone=Tone::Bad title="It failed">
                        <p>{error}</p>
                        {undone.get().map(|undone| view! { <p>{undone}</p> })}
                    </Notice>
                }
            })
        }}
        {move || silence.get().map(|words| view! { <Notice tone=Tone::Warn title=words /> })}
    }
}

/// Where to go when it is done.
#[component]
fn Next(details: Signal<OperationDetails>) -> impl IntoView {
    let link = Memo::new(move |_| details.with(subject_link));
    move || {
        link.get().map(|(href, words, primary)| {
            let kind = if primary {
                ButtonKind::Primary
            } else {
                ButtonKind::Secondary
            };
            view! { <LinkButton href kind>{words}</LinkButton> }
        })
    }
}

#[component]
fn Cancel(
    details: Signal<OperationDetails>,
    cancel: ServerAction<CancelOperation>,
) -> impl IntoView {
    let over = Memo::new(move |_| details.with(|details| details.summary.state.is_final()));
    let reason = Memo::new(move |_| details.with(|details| details.cancel.reason()));
    let id = Memo::new(move |_| details.with(|details| details.summary.id));
    move || {
        if over.get() {
            return None;
        }
        Some(view! {
            <Disclosure summary="Cancel operation" kind=ButtonKind::Danger reason done=done(cancel)>
                <ActionForm action=cancel>
                    <p>"The step under way is given up, and everything this operation has made is taken back. That may take a moment."</p>
                    <input type="hidden" name="operation" value=move || id.get().to_string() />
                    <Button kind=ButtonKind::Danger type_="submit" reason busy=cancel.pending()>
                        "Cancel and take back"
                    </Button>
                </ActionForm>
            </Disclosure>
        })
    }
}

/// The way on from a stuck operation.
#[component]
fn Retry(details: Signal<OperationDetails>, retry: ServerAction<RetryOperation>) -> impl IntoView {
    let stuck =
        Memo::new(move |_| details.with(|details| details.summary.state == OperationState::Stuck));
    let reason = Signal::derive(move || details.with(|details| details.retry.reason()));
    let id = Memo::new(move |_| details.with(|details| details.summary.id));
    move || {
        stuck.get().then(|| {
            view! {
                <ActionForm action=retry>
                    <input type="hidden" name="operation" value=move || id.get().to_string() />
                    <Button kind=ButtonKind::Primary type_="submit" reason busy=retry.pending()>
                        "Try again to take back"
                    </Button>
                </ActionForm>
            }
        })
    }
}

#[component]
fn Progress(details: Signal<OperationDetails>) -> impl IntoView {
    let clock = use_clock();
    let summary = move || details.with(|details| details.summary.clone());
    let percent = Signal::derive(move || Some(summary().percent));
    view! {
        <div class="operation-progress">
            <ProgressBar label="Progress" value=percent />
            <p class="operation-progress__words">
                <span>{move || doing(&summary())}</span>
                <span class="number">
                    {move || format!("{} % · {}", summary().percent, in_words(elapsed(&summary(), clock.now())))}
                </span>
            </p>
        </div>
    }
}

fn phase(phase: &Phase) -> impl IntoView + use<> {
    let current = (phase.state == PhaseState::Running).then_some("step");
    view! {
        <li class="phase" data-state=phase.state.tone().as_str() aria-current=current>
            <span class="phase__title">{phase.title.clone()}</span>
            <span class="phase__state">{phase.state.label()}</span>
            {phase.error.clone().map(|error| view! { <span class="phase__error">{error}</span> })}
        </li>
    }
}

#[component]
fn Log(details: Signal<OperationDetails>) -> impl IntoView {
    let log = Memo::new(move |_| details.with(|details| details.log.clone()));
    let line = |entry: LogEntry| {
        view! {
            <li>
                <span class="log__time"><Moment at=entry.at time_only=true /></span>
                <span class="log__text">{entry.line}</span>
            </li>
        }
    };
    let lines = move || match log.get() {
        log if log.is_empty() => {
            view! { <li class="soft">"Nothing was written yet."</li> }.into_any()
        }
        log => log.into_iter().map(line).collect_view().into_any(),
    };
    let skipped = Memo::new(move |_| details.with(|details| details.log_skipped));
    let skipped = move || {
        (skipped.get() > 0).then(|| {
            view! { <li class="soft">{format!("{} lines before these are not shown.", skipped.get())}</li> }
        })
    };
    view! { <div class="log" role="log" aria-label="Log" tabindex="0"><ol>{skipped} {lines}</ol></div> }
}

#[component]
fn About(details: Signal<OperationDetails>) -> impl IntoView {
    let summary = move || details.with(|details| details.summary.clone());
    let created_at = Signal::derive(move || summary().created_at);
    let id = Signal::derive(move || summary().id.to_string());
    view! {
        <FactList>
            <dt>"Started by"</dt>
            <dd>{move || summary().started_by}</dd>
            <dt>"Started"</dt>
            <dd><Ago at=created_at /></dd>
            {move || {
                summary().finished_at.map(|at| view! { <dt>"Ended"</dt><dd><Ago at /></dd> })
            }}
            <dt>"Id"</dt>
            <dd><span class="mono id">{move || id.get()}</span> <CopyButton label="Copy id" text=id /></dd>
        </FactList>
    }
}

/// What was taken back, in a sentence.
fn undone(details: &OperationDetails) -> Option<String> {
    let titles: Vec<&str> = details
        .phases
        .iter()
        .filter(|phase| phase.state == PhaseState::Undone)
        .map(|phase| phase.title.as_str())
        .collect();
    (!titles.is_empty()).then(|| format!("Taken back: {}.", titles.join(", ")))
}

/// The page of what it is about: address, words, and whether going there is the next thing to do.
fn subject_link(details: &OperationDetails) -> Option<(String, String, bool)> {
    let Some(app) = details.app.as_deref() else {
        let over = details.summary.state.is_final();
        return over.then(|| (paths::apps(), "Go to your apps".to_owned(), true));
    };
    let done = details.summary.state == OperationState::Succeeded;
    Some(match details.environment.as_deref() {
        Some(environment) => (
            paths::environment(app, environment),
            "Open environment".to_owned(),
            done,
        ),
        None => (paths::app(app), "Open app".to_owned(), done),
    })
}

#[cfg(test)]
mod tests {
    use super::super::status_text::tests::running;
    use super::*;
    use domain::rights::Access;

    fn details(states: &[PhaseState]) -> OperationDetails {
        let phase = |(number, state): (usize, &PhaseState)| Phase {
            title: format!("Phase {number}"),
            state: *state,
            error: None,
        };
        OperationDetails {
            summary: running(),
            phases: states.iter().enumerate().map(phase).collect(),
            log: Vec::new(),
            log_skipped: 0,
            app: Some("shop".to_owned()),
            environment: None,
            cancel: Access::Allowed,
            retry: Access::Allowed,
        }
    }

    #[test]
    fn what_was_taken_back_is_named() {
        use PhaseState::{Failed, Undone, Waiting};
        let said = |states: &[PhaseState]| undone(&details(states));
        assert_eq!(said(&[Failed, Waiting]), None);
        assert_eq!(
            said(&[Undone, Undone, Failed]).as_deref(),
            Some("Taken back: Phase 0, Phase 1.")
        );
    }

    #[test]
    fn a_finished_operation_leads_on() {
        let mut details = details(&[]);
        assert_eq!(
            subject_link(&details),
            Some(("/apps/shop".to_owned(), "Open app".to_owned(), false))
        );
        details.summary.state = OperationState::Succeeded;
        details.environment = Some("test".to_owned());
        let link = (
            "/apps/shop/environments/test".to_owned(),
            "Open environment".to_owned(),
            true,
        );
        assert_eq!(subject_link(&details), Some(link));
        details.app = None;
        assert_eq!(
            subject_link(&details),
            Some(("/apps".to_owned(), "Go to your apps".to_owned(), true))
        );
    }
}
