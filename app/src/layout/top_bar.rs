//! The bar at the top: mark, way to the page, what is under way, account.

use crate::layout::account::AccountMenu;
use crate::layout::crumbs::Crumbs;
use crate::layout::menu::Menu;
use crate::layout::nav::NavLinks;
use crate::layout::tray::TrayChip;
use crate::paths;
use crate::ui::icon::{Icon, Shape};
use leptos::prelude::*;

/// The bar at the top of every page.
#[component]
pub fn TopBar() -> impl IntoView {
    view! {
        <header class="bar">
            <Menu label="Menu" class="bar__menu" summary=view! { <Icon shape=Shape::Menu /> }.into_any()>
                <nav class="nav__inner" aria-label="Main, in the menu">
                    <NavLinks />
                </nav>
            </Menu>
            <a class="mark" href=paths::apps() aria-label="Cloud Portal, apps">
                <Icon shape=Shape::Mark />
            </a>
            <Crumbs />
            <span class="bar__spring"></span>
            <TrayChip />
            <AccountMenu />
        </header>
    }
}
