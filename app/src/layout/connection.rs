//! What is said when the page no longer hears of changes.

use crate::live::{Connection, use_connection};
use crate::ui::moment::in_local_time;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// A line at the bottom that says how old the page is, while the stream of changes is broken.
#[component]
pub fn ConnectionNote() -> impl IntoView {
    let connection = use_connection();
    let path = use_location().pathname;
    let words = move || match connection.get() {
        Connection::Lost(since) => {
            format!(
                "Reconnecting. What you see is as of {}.",
                in_local_time(since)
            )
        }
        Connection::SignedOut => {
            "You are signed out. What you see does not change any more. ".to_owned()
        }
        Connection::Resting | Connection::Open => String::new(),
    };
    let signed_out = move || connection.get() == Connection::SignedOut;
    let fine = move || matches!(connection.get(), Connection::Resting | Connection::Open);
    view! {
        <div role="status">
            <p class="connection" data-state="warn" hidden=fine>
                <span>{words}</span>
                <a href=move || path.get() rel="external" hidden=move || !signed_out()>"Sign in"</a>
            </p>
        </div>
    }
}
