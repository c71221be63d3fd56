//! The frame: the same bones around every page.

use crate::layout::connection::ConnectionNote;
use crate::layout::frame_data::provide_frame_data;
use crate::layout::nav::NavLinks;
use crate::layout::top_bar::TopBar;
use crate::layout::tray::{Tray, provide_tray};
use crate::ui::route_announcer::RouteAnnouncement;
use crate::ui::toast::ToastRegion;
use leptos::prelude::*;

/// The frame around the page.
#[component]
pub fn Frame(
    /// Whether another page is on its way.
    #[prop(into)]
    leaving: Signal<bool>,
    /// The page.
    children: Children,
) -> impl IntoView {
    provide_frame_data();
    provide_tray();
    view! {
        <a class="skip" href="#content" rel="external">"Skip to content"</a>
        <div class="leaving" data-on=move || leaving.get().then_some("true") aria-hidden="true"></div>
        <div class="frame">
            <TopBar />
            <nav class="nav" aria-label="Main">
                <NavLinks />
            </nav>
            <main class="main" id="content" tabindex="-1">
                {children()}
            </main>
        </div>
        <div class="corner">
            <ConnectionNote />
            <ToastRegion />
            <Tray />
        </div>
        <RouteAnnouncement />
    }
}
