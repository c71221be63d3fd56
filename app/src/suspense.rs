//! Waiting for data: the server does, before it sends a part of a page; a browser does not.
//!
//! In a browser a boundary that waits takes its content out of the page, and the focus with it, when data
//! that has just come is read once more. So there is no boundary there: each part says by itself what it
//! shows while it has no data.

use crate::data::Data;
use leptos::prelude::*;

/// A view that the server sends only when `data` is there. What the view reads, it reads through signals
/// that were made outside of it.
#[cfg(feature = "ssr")]
pub fn await_on_server<T, V>(data: Data<T>, view: impl Fn() -> V + Send + Sync + 'static) -> AnyView
where
    T: Send + Sync + 'static,
    V: IntoView + 'static,
{
    let view = move || {
        data.await_here();
        view()
    };
    view! { <Suspense>{view}</Suspense> }.into_any()
}

/// The view. The boundary that the server has here took a number of its own.
#[cfg(not(feature = "ssr"))]
pub fn await_on_server<T, V>(_: Data<T>, view: impl Fn() -> V + Send + Sync + 'static) -> AnyView
where
    T: Send + Sync + 'static,
    V: IntoView + 'static,
{
    if let Some(context) = Owner::current_shared_context() {
        context.next_id();
    }
    view.into_any()
}
