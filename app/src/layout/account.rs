//! Who is signed in, and what that person may choose for all pages.

use crate::layout::frame_data::{known, use_frame_data};
use crate::layout::menu::Menu;
use crate::layout::theme::ThemeChoice;
use crate::paths;
use crate::suspense::await_on_server;
use crate::ui::icon::{Icon, Shape};
use domain::roles::Role;
use leptos::prelude::*;
use views::people::Session;

/// The menu at the end of the bar.
#[component]
pub fn AccountMenu() -> impl IntoView {
    let session = use_frame_data().session;
    let known = known(session, Session::clone);
    let person = move || known.get().map(|session| view! { <Person session /> });
    let summary = view! {
        <span class="account__face"><Icon shape=Shape::Person /></span>
        <span class="account__word">"Account"</span>
        <Icon shape=Shape::Down />
    };
    view! {
        <Menu label="Account" class="menu--end account" summary=summary.into_any()>
            {await_on_server(session, person)}
            <div class="menu__part">
                <p class="menu__heading">"Look"</p>
                <ThemeChoice />
            </div>
            <p class="menu__part">
                <a class="menu__item" href=paths::rights()>"Who may do what"</a>
            </p>
            <form class="menu__part" method="post" action=paths::logout()>
                <button class="menu__item" type="submit">"Sign out"</button>
            </form>
        </Menu>
    }
}

#[component]
fn Person(session: Session) -> impl IntoView {
    let role = session.role.map(Role::label).unwrap_or_default();
    view! {
        <div class="menu__part account__person">
            <p class="account__name">{session.name}</p>
            <p class="soft">{session.email}</p>
            <p class="soft">{format!("{} · {}", session.company, role)}</p>
        </div>
    }
}
