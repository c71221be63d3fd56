//! Data of a page on the server.

use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Data that is read once and sent along with the page as JSON.
#[derive(Debug)]
pub struct Data<T: Send + Sync + 'static>(Resource<T>);

impl<T: Send + Sync> Clone for Data<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync> Copy for Data<T> {}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Data<T> {
    /// Data that `read` gives for `source`.
    pub fn new<S, F>(
        source: impl Fn() -> S + Send + Sync + 'static,
        read: impl Fn(S) -> F + Send + Sync + 'static,
    ) -> Self
    where
        S: Clone + PartialEq + Send + Sync + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        Self(Resource::new(source, read))
    }
}

impl<T: Send + Sync + 'static> Data<T> {
    /// What `look` makes of the data; there is none before it has been read.
    pub fn with<U>(self, look: impl FnOnce(&Option<T>) -> U) -> U {
        // Past the framework's warning of reading outside of a boundary, of which there is none here.
        (*self.0).with(look)
    }

    /// Waits until the data is there.
    pub async fn ready(self) {
        self.0.by_ref().await;
    }
}
