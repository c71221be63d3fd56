//! The navigation at the side: the workspace, and the parts of the app that the page belongs to.

use crate::layout::breadcrumb_trail::app_of;
use crate::layout::frame_data::{known, use_frame_data};
use crate::paths;
use crate::suspense::await_on_server;
use crate::ui::icon::{Icon, Shape};
use domain::states::Tone;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use views::apps::AppSummary;

/// The links of the navigation; at the side, and in a narrow window inside a menu.
#[component]
pub fn NavLinks() -> impl IntoView {
    let data = use_frame_data();
    let path = use_location().pathname;
    let app = Memo::new(move |_| path.with(|path| app_of(path).map(str::to_owned)));
    let under_way = known(data.under_way, |list| {
        let more = if list.next.is_some() { "+" } else { "" };
        (!list.items.is_empty()).then(|| format!("{}{more}", list.items.len()))
    });
    let count = move || {
        let count = under_way.get().flatten()?;
        Some(view! { <span class="nav__count">{count}</span> })
    };
    let is_operator = known(data.session, |session| {
        session.view_installation.is_allowed()
    });
    let operator = move || {
        let shown = is_operator.get().unwrap_or_default();
        shown.then(|| {
            view! {
                <li>
                    <a
                        class="nav__link"
                        href=paths::operator()
                        aria-current=move || current(&path.get(), &paths::operator(), true)
                    >
                        <Icon shape=Shape::Operator />
                        <span class="nav__words">"Operator"</span>
                    </a>
                </li>
            }
        })
    };
    let apps = known(data.apps, |list| list.items.clone());
    let links = move || {
        let subdomain = app.get()?;
        let apps = apps.get().unwrap_or_default();
        let app = apps.into_iter().find(|app| app.subdomain == subdomain)?;
        Some(view! { <AppLinks app /> })
    };
    view! {
        <section class="nav__group">
            <h2 class="nav__heading">"Workspace"</h2>
            <ul>
                <li>
                    <a
                        class="nav__link"
                        href=paths::apps()
                        aria-current=move || current(&path.get(), &paths::apps(), app.with(Option::is_none))
                    >
                        <Icon shape=Shape::Apps />
                        <span class="nav__words">"Apps"</span>
                    </a>
                </li>
                <li>
                    <a
                        class="nav__link"
                        href=paths::operations()
                        aria-current=move || current(&path.get(), &paths::operations(), true)
                    >
                        <Icon shape=Shape::Operations />
                        <span class="nav__words">"Operations"</span>
                        {await_on_server(data.under_way, count)}
                    </a>
                </li>
                {await_on_server(data.session, operator)}
            </ul>
        </section>
        {await_on_server(data.apps, move || view! { <div class="nav__app">{links}</div> })}
    }
}

#[component]
fn AppLinks(app: AppSummary) -> impl IntoView {
    let path = use_location().pathname;
    let AppSummary {
        name,
        subdomain,
        environments,
        ..
    } = app;
    let environments = environments
        .into_iter()
        .map(|environment| {
            let href = paths::environment(&subdomain, &environment.slug);
            let tone = Some((environment.status.tone, environment.status.label));
            view! { <AppLink path=path.into() href label=environment.name exact=false tone /> }
        })
        .collect_view();
    let (overview, packages) = (paths::app(&subdomain), paths::packages(&subdomain));
    let settings = paths::app_settings(&subdomain);
    view! {
        <section class="nav__group">
            <h2 class="nav__heading">{name}</h2>
            <ul>
                <AppLink path=path.into() href=overview label="Overview".to_owned() exact=true tone=None />
                {environments}
                <AppLink path=path.into() href=packages label="Packages".to_owned() exact=false tone=None />
                <AppLink path=path.into() href=settings label="Settings".to_owned() exact=true tone=None />
            </ul>
        </section>
    }
}

#[component]
fn AppLink(
    path: Signal<String>,
    href: String,
    label: String,
    exact: bool,
    tone: Option<(Tone, String)>,
) -> impl IntoView {
    let address = href.clone();
    let dot = tone.map(|(tone, words)| {
        view! {
            <span class="nav__dot" data-state=tone.as_str() title=words.clone()>
                <span class="visually-hidden">{format!(", {words}")}</span>
            </span>
        }
    });
    view! {
        <li>
            <a class="nav__link" href=href aria-current=move || current(&path.get(), &address, !exact)>
                <span class="nav__words">{label}</span>
                {dot}
            </a>
        </li>
    }
}

/// What `aria-current` says of a link on a page: that it is the page, or that the page lies within it.
fn current(path: &str, href: &str, within: bool) -> Option<&'static str> {
    let rest = path.trim_end_matches('/').strip_prefix(href)?;
    match rest {
        "" => Some("page"),
        rest if within && rest.starts_with('/') => Some("true"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::current;

    #[test]
    fn a_link_knows_its_page_and_what_lies_within() {
        assert_eq!(current("/operations", "/operations", true), Some("page"));
        assert_eq!(current("/operations/", "/operations", true), Some("page"));
        assert_eq!(current("/operations/0c", "/operations", true), Some("true"));
        assert_eq!(current("/apps/shop/settings", "/apps/shop", false), None);
        assert_eq!(current("/apps/shop-2", "/apps/shop", true), None);
    }
}
