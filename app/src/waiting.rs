//! Waiting for data: the server does, before it sends a part of a page; a browser does not.
//!
//! In a browser a boundary that waits takes its content out of the page, and the focus with it, when data
//! that has just come is read once more. So nothing is waited for there: each part says by itself what it
//! shows while it has no data.

use leptos::prelude::*;
use leptos::reactive::computed::suspense::SuspenseContext;

/// A view that the server sends only when `data` is there. What the view reads, it reads through signals
/// that were made outside of it.
pub fn sent_with<T, V>(data: Resource<T>, view: impl Fn() -> V + Send + Sync + 'static) -> AnyView
where
    T: Send + Sync + 'static,
    V: IntoView + 'static,
{
    let view = move || {
        provide_patience();
        if is_server() {
            data.with(|_| ());
        }
        view()
    };
    view! { <Suspense>{view}</Suspense> }.into_any()
}

/// Has what is read from here on be waited for by nobody. Once around everything in a browser, where data
/// may then be read outside of a boundary, and within each boundary.
pub fn provide_patience() {
    if is_browser() {
        let tasks = ArcRwSignal::default();
        provide_context(SuspenseContext { tasks });
    }
}
