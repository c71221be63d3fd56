//! Data of a page in a browser.

use leptos::prelude::*;
use serde::de::DeserializeOwned;
use std::pin::Pin;
use std::sync::Arc;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Data that came with the page, or is read when it is shown, and again whenever its source changes.
#[derive(Debug)]
pub struct Data<T: Send + Sync + 'static>(RwSignal<Option<T>>);

impl<T: Send + Sync> Clone for Data<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync> Copy for Data<T> {}

impl<T: DeserializeOwned + Send + Sync + 'static> Data<T> {
    /// Data that `read` gives for `source`.
    pub fn new<S, F>(
        source: impl Fn() -> S + Send + Sync + 'static,
        read: impl Fn(S) -> F + Send + Sync + 'static,
    ) -> Self
    where
        S: Clone + PartialEq + Send + Sync + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let sent = sent().and_then(|text| serde_json::from_slice(text.as_bytes()).ok());
        let is_sent = sent.is_some();
        let data = RwSignal::new(sent);
        let source = Arc::new(source);
        let tracked = Arc::clone(&source);
        let task = move || -> Task {
            let answer = read(source());
            Box::pin(async move {
                let answer = answer.await;
                // What is not shown any more has no data.
                data.try_set(Some(answer));
            })
        };
        follow(is_sent, Box::new(move || drop(tracked())), Box::new(task));
        Self(data)
    }
}

impl<T: Send + Sync + 'static> Data<T> {
    /// What `look` makes of the data; there is none before it has been read.
    pub fn with<U>(self, look: impl FnOnce(&Option<T>) -> U) -> U {
        self.0.with(look)
    }
}

/// The text that the server has sent for the next data, while its page is being taken over.
/// The data of a page is numbered by the order in which it is made, on both sides.
fn sent() -> Option<String> {
    let context = Owner::current_shared_context()?;
    let id = context.next_id();
    context.read_data(&id)
}

/// Runs `task` unless its outcome `is_sent`, and again whenever what `track` reads has changed.
/// The router waits for such a task before it shows another page.
fn follow(
    is_sent: bool,
    track: Box<dyn Fn() + Send + Sync>,
    task: Box<dyn Fn() -> Task + Send + Sync>,
) {
    let source = Memo::new(move |before: Option<&u32>| {
        track();
        before.map_or(0, |before| before.wrapping_add(1))
    });
    source.with_untracked(|_| ());
    let tasks = ArcAsyncDerived::new_with_manual_dependencies(is_sent.then_some(()), task, &source);
    on_cleanup(move || drop(tasks));
}
