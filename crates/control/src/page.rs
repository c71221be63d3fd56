//! Lists come in pages that continue after a key, never by number.

use crate::error::{Error, Result};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Rows of one page.
pub const PAGE: i64 = 50;

/// Where a list goes on: opaque to whoever carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// A cursor from a URL.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text for a URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A cursor after the row with this key.
    pub fn after<K: Serialize>(key: &K) -> Result<Self> {
        let json = serde_json::to_vec(key).map_err(|e| Error::internal("making a cursor", e))?;
        Ok(Self(BASE64_URL_SAFE_NO_PAD.encode(json)))
    }

    /// The key that it was made from.
    pub fn key<K: DeserializeOwned>(&self) -> Result<K> {
        let refused = || {
            Error::invalid(
                "after",
                "This page address is damaged; go back to the first page.",
            )
        };
        let json = BASE64_URL_SAFE_NO_PAD
            .decode(&self.0)
            .map_err(|_| refused())?;
        serde_json::from_slice(&json).map_err(|_| refused())
    }
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where it goes on; none on the last page.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page of rows that were asked for with a limit of [`PAGE`] + 1.
    pub fn from_rows<K: Serialize>(mut items: Vec<T>, key: impl Fn(&T) -> K) -> Result<Self> {
        let more = i64::try_from(items.len()).is_ok_and(|count| count > PAGE);
        if more {
            items.pop();
        }
        let next = match items.last() {
            Some(last) if more => Some(Cursor::after(&key(last))?),
            _ => None,
        };
        Ok(Self { items, next })
    }

    /// The page with each row turned into something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next: self.next,
        }
    }
}
