//! A page of a list.

use serde::{Deserialize, Serialize};

/// A page of a list that has nothing else to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the list goes on: opaque to whoever carries it; none on the last page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The page with each row turned into something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next: self.next,
        }
    }
}
