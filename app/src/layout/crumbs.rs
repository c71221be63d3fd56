//! The way to the page, and the switch to another app.

use crate::apps::region::tag;
use crate::layout::breadcrumb_trail::{app_of, breadcrumb_trail};
use crate::layout::frame_data::{known, use_frame_data};
use crate::layout::menu::Menu;
use crate::paths;
use crate::suspense::await_on_server;
use crate::ui::chip::Tag;
use crate::ui::icon::{Icon, Shape};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use views::apps::{AppList, AppSummary};

/// How many apps the switcher names; the list has them all.
const SWITCHER_APPS: usize = 12;

/// Breadcrumbs with the app switcher.
#[component]
pub fn Crumbs() -> impl IntoView {
    let apps = use_frame_data().apps;
    let path = use_location().pathname;
    let list = known(apps, AppList::clone);
    let trail = move || {
        list.with(|list| {
            let items = list.as_ref().map(|list| list.items.as_slice());
            links(&path.get(), items.unwrap_or_default())
        })
    };
    view! {
        <nav class="crumbs" aria-label="Breadcrumb">
            {await_on_server(apps, move || view! { <ol class="crumbs__list">{trail}</ol> })}
        </nav>
        {await_on_server(apps, move || view! { <Switcher list /> })}
    }
}

fn links(path: &str, apps: &[AppSummary]) -> impl IntoView + use<> {
    breadcrumb_trail(path, apps)
        .into_iter()
        .map(|crumb| match crumb.href {
            Some(href) => view! { <li><a href=href>{crumb.label}</a></li> }.into_any(),
            None => view! { <li aria-current="page">{crumb.label}</li> }.into_any(),
        })
        .collect_view()
}

#[component]
fn Switcher(list: Memo<Option<AppList>>) -> impl IntoView {
    let items = move || {
        let items = list.get().map(|list| list.items).unwrap_or_default();
        let items = items.into_iter().take(SWITCHER_APPS);
        items
            .map(|app| view! { <SwitcherItem app /> })
            .collect_view()
    };
    let all = move || {
        let more = |list: &AppList| list.next.is_some() || list.items.len() > SWITCHER_APPS;
        if list.with(|list| list.as_ref().is_some_and(more)) {
            "All apps"
        } else {
            "Overview of apps"
        }
    };
    let create = move || {
        let may = |list: &AppList| list.create.is_allowed();
        list.with(|list| list.as_ref().is_some_and(may)).then(|| {
            view! { <a class="menu__item" href=paths::create_app()>"Create an app"</a> }
        })
    };
    view! {
        <Menu label="Switch app" class="switcher" summary=view! { <Icon shape=Shape::Down /> }.into_any()>
            <p class="menu__heading">"Apps"</p>
            <ul>{items}</ul>
            <div class="menu__part">
                <a class="menu__item" href=paths::apps()>{all}</a>
                {create}
            </div>
        </Menu>
    }
}

#[component]
fn SwitcherItem(app: AppSummary) -> impl IntoView {
    let path = use_location().pathname;
    let href = paths::app(&app.subdomain);
    let current = move || path.with(|path| app_of(path) == Some(app.subdomain.as_str()));
    view! {
        <li>
            <a
                class="menu__item"
                href=href
                aria-current=move || current().then_some("true")
            >
                <span class="menu__words">{app.name}</span>
                <Tag label=tag(&app.region) />
            </a>
        </li>
    }
}
