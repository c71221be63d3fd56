//! What tells people who do not see the page that they have come to another one.
//!
//! A browser does this by itself when it loads a document; when only the content is replaced, the
//! header of the new page takes the focus and its title is read out.

use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use wasm_bindgen::JsCast;
use web_sys::{FocusOptions, HtmlElement};

/// Where the person has come to last.
#[derive(Debug, Clone, Copy)]
pub struct RouteAnnouncer {
    path: StoredValue<Option<String>>,
    title: RwSignal<String>,
}

/// Gives the tab its memory of where the person is; once, around everything.
pub fn provide_route_announcer() {
    provide_context(RouteAnnouncer {
        path: StoredValue::new(None),
        title: RwSignal::new(String::new()),
    });
}

impl RouteAnnouncer {
    /// Remembers the page. Whether the focus belongs to its header: the person came from another
    /// page, or what had the focus is gone.
    fn reaches(self, path: String) -> bool {
        let before = self.path.get_value();
        let arrived = before.is_some_and(|before| before != path || is_focus_lost());
        self.path.set_value(Some(path));
        arrived
    }
}

/// Whether what had the focus is gone.
fn is_focus_lost() -> bool {
    document()
        .active_element()
        .is_none_or(|element| element.tag_name() == "BODY")
}

/// Gives a focus that was lost to the content of the page, so that the keyboard goes on from there.
pub fn keep_focus() {
    let content = document().get_element_by_id("content");
    let content = content.and_then(|found| found.dyn_into::<HtmlElement>().ok());
    if let Some(content) = content.filter(|_| is_focus_lost()) {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = content.focus_with_options(&options);
    }
}

/// Moves the focus to a header and has its title read out when the person arrives at its page.
pub fn use_route_announcer(header: NodeRef<html::H1>, title: Signal<String>) {
    let Some(arrival) = use_context::<RouteAnnouncer>() else {
        return;
    };
    let path = use_location().pathname;
    Effect::new(move || {
        // A header belongs to the page it was made for; the address changes before the page does.
        let (Some(header), path) = (header.get(), path.get_untracked()) else {
            return;
        };
        // In the next frame the page that was left is gone, and the focus with it.
        request_animation_frame(move || {
            if header.is_connected() && arrival.reaches(path) {
                let options = FocusOptions::new();
                options.set_prevent_scroll(true);
                let _ = header.focus_with_options(&options);
                arrival
                    .title
                    .set(title.try_get_untracked().unwrap_or_default());
            }
        });
    });
}

/// Where the titles are read out; once, in the frame.
#[component]
pub fn RouteAnnouncement() -> impl IntoView {
    let arrival = expect_context::<RouteAnnouncer>();
    view! {
        <p class="visually-hidden" aria-live="polite">
            {move || arrival.title.get()}
        </p>
    }
}
