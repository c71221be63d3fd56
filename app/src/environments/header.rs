//! The head of an environment's pages: how it does, where it is, and its parts.

use crate::paths;
use crate::ui::chip::StatusChip;
use crate::ui::copy::CopyButton;
use crate::ui::moment::Ago;
use crate::ui::tabs::{TabLink, Tabs};
use domain::states::Status;
use leptos::prelude::*;
use views::environments::EnvironmentDetails;

/// The status in a chip, in words, and with its age.
#[component]
pub fn StatusLine(
    /// The chip.
    #[prop(into)]
    status: Signal<Status>,
    /// The words.
    #[prop(into)]
    sentence: Signal<String>,
    /// When it was observed.
    #[prop(into)]
    observed_at: Signal<Option<i64>>,
) -> impl IntoView {
    let observed = Memo::new(move |_| observed_at.with(Option::is_some));
    let at = Signal::derive(move || observed_at.get().unwrap_or_default());
    view! {
        <p class="status-line">
            <StatusChip status />
            <span>{move || sentence.get()}</span>
            {move || observed.get().then(|| view! { <small class="age"><span>"as of "</span><Ago at /></small> })}
        </p>
    }
}

/// The address, as a link and to copy.
#[component]
pub fn Address(
    /// The address.
    #[prop(into)]
    url: Signal<String>,
) -> impl IntoView {
    view! {
        <p class="address">
            <a class="mono address__text" href=move || url.get() rel="external">{move || url.get()}</a>
            <CopyButton label="Copy address" text=url />
        </p>
    }
}

/// Which environment a form is about: the one on the page, whichever the page was opened with.
#[component]
pub fn Place(
    /// The environment.
    details: Signal<EnvironmentDetails>,
) -> impl IntoView {
    let app = move || details.with(|details| details.app.clone());
    let slug = move || details.with(|details| details.slug.clone());
    view! {
        <input type="hidden" name="app" value=app />
        <input type="hidden" name="environment" value=slug />
    }
}

/// The pages of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvironmentTab {
    /// How it does.
    Overview,
    /// Its debugger.
    Debugger,
}

/// Links to the pages of an environment.
#[component]
pub fn EnvironmentTabs(
    /// The app's place in addresses.
    app: String,
    /// The environment's name in addresses.
    environment: String,
    /// The page that is shown.
    current: EnvironmentTab,
) -> impl IntoView {
    let items = vec![
        TabLink::new(
            paths::environment(&app, &environment),
            "Overview",
            current == EnvironmentTab::Overview,
        ),
        TabLink::new(
            paths::debugger(&app, &environment),
            "Debugger",
            current == EnvironmentTab::Debugger,
        ),
    ];
    view! { <Tabs label="Environment" items /> }
}
