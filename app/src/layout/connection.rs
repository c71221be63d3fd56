//! What is said when the page no longer hears of changes.

use crate::live::{Connection, use_connection};
use crate::ui::ago::utc_words;
use leptos::prelude::*;

/// A line at the bottom that says how old the page is, while the stream of changes is broken.
#[component]
pub fn ConnectionNote() -> impl IntoView {
    let connection = use_connection();
    let words = move || match connection.get() {
        Connection::Lost(since) => {
            format!("Reconnecting. What you see is as of {}.", utc_words(since))
        }
        Connection::Resting | Connection::Open => String::new(),
    };
    let fine = move || !matches!(connection.get(), Connection::Lost(_));
    view! {
        <div role="status">
            <p class="connection" data-state="warn" hidden=fine>{words}</p>
        </div>
    }
}
