//! Waiting for data: the server does, before it sends a part of a page; a browser does not.
//!
//! In a browser a boundary that waits takes its content out of the page, and the focus with it, when data
//! that has just come is read once more. So there is no boundary there: each part says by itself what it
//! shows while it has no data. The server waits for the data itself and has no boundary either: one that
//! counts what is read inside of it was seen to miss, once in some hundred pages, that the last had come.

use crate::data::Data;
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use leptos::tachys::reactive_graph::OwnedView;

/// A view that the server sends only when `data` is there. What the view reads, it reads through signals
/// that were made outside of it.
#[cfg(feature = "ssr")]
pub fn await_on_server<T, V>(data: Data<T>, view: impl Fn() -> V + Send + Sync + 'static) -> AnyView
where
    T: Send + Sync + 'static,
    V: IntoView + 'static,
{
    let view = async move {
        data.ready().await;
        OwnedView::new(view)
    };
    Suspend::new(view).into_any()
}

/// The view.
#[cfg(not(feature = "ssr"))]
pub fn await_on_server<T, V>(_: Data<T>, view: impl Fn() -> V + Send + Sync + 'static) -> AnyView
where
    T: Send + Sync + 'static,
    V: IntoView + 'static,
{
    view.into_any()
}
