//! The way to the page, and the switch to another app.

use crate::apps::api::{AppList, AppSummary};
use crate::layout::menu::Menu;
use crate::layout::session::use_frame_data;
use crate::layout::where_am_i::{app_of, crumbs};
use crate::paths;
use crate::ui::chip::Tag;
use crate::ui::icon::{Icon, Shape};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// How many apps the switcher names; the list has them all.
const SWITCHER_APPS: usize = 12;

/// Breadcrumbs with the app switcher.
#[component]
pub fn Crumbs() -> impl IntoView {
    let apps = use_frame_data().apps;
    let path = use_location().pathname;
    view! {
        <nav class="crumbs" aria-label="Breadcrumb">
            <Transition fallback=|| ()>
                {move || Suspend::new(async move {
                    let items = apps.await.map(|list| list.items).unwrap_or_default();
                    view! { <ol class="crumbs__list">{move || way(&path.get(), &items)}</ol> }
                })}
            </Transition>
        </nav>
        <Transition fallback=|| ()>
            {move || Suspend::new(async move { apps.await.ok().map(|list| view! { <Switcher list /> }) })}
        </Transition>
    }
}

fn way(path: &str, apps: &[AppSummary]) -> impl IntoView + use<> {
    crumbs(path, apps)
        .into_iter()
        .map(|crumb| match crumb.href {
            Some(href) => view! { <li><a href=href>{crumb.label}</a></li> }.into_any(),
            None => view! { <li aria-current="page">{crumb.label}</li> }.into_any(),
        })
        .collect_view()
}

#[component]
fn Switcher(list: AppList) -> impl IntoView {
    let path = use_location().pathname;
    let more = list.next.is_some() || list.items.len() > SWITCHER_APPS;
    let may_create = list.create.reason().is_none();
    let items = list
        .items
        .into_iter()
        .take(SWITCHER_APPS)
        .map(|app| {
            let href = paths::app(&app.subdomain);
            let current = move || path.with(|path| app_of(path) == Some(app.subdomain.as_str()));
            view! {
                <li>
                    <a class="menu__item" href=href aria-current=move || current().then_some("true")>
                        <span class="menu__words">{app.name}</span>
                        <Tag label=app.region.region().data.zone.code() />
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <Menu label="Switch app" class="switcher" summary=view! { <Icon shape=Shape::Down /> }.into_any()>
            <p class="menu__heading">"Apps"</p>
            <ul>{items}</ul>
            <div class="menu__part">
                <a class="menu__item" href=paths::apps()>{if more { "All apps" } else { "Overview of apps" }}</a>
                {may_create.then(|| view! { <a class="menu__item" href=paths::create_app()>"Create an app"</a> })}
            </div>
        </Menu>
    }
}
