//! Lists come in pages that continue after a key, never by number.

use crate::error::{Error, Result};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use views::page::Page;

/// Rows of one page.
pub const PAGE: i64 = 50;

/// The key after which a list goes on, from the text that an earlier page has given.
pub(crate) fn key<K: DeserializeOwned>(after: Option<String>) -> Result<Option<K>> {
    let refused = || {
        Error::invalid(
            "after",
            "This page address is damaged; go back to the first page.",
        )
    };
    let Some(text) = after else {
        return Ok(None);
    };
    let json = BASE64_URL_SAFE_NO_PAD.decode(text);
    let key = serde_json::from_slice(&json.map_err(|_| refused())?);
    key.map(Some).map_err(|_| refused())
}

/// Makes a page of rows that were asked for with a limit of [`PAGE`] + 1.
pub(crate) fn of_rows<T, K: Serialize>(
    mut items: Vec<T>,
    key: impl Fn(&T) -> K,
) -> Result<Page<T>> {
    let more = i64::try_from(items.len()).is_ok_and(|count| count > PAGE);
    if more {
        items.pop();
    }
    let next = match items.last() {
        Some(last) if more => Some(after(&key(last))?),
        _ => None,
    };
    Ok(Page { items, next })
}

fn after<K: Serialize>(key: &K) -> Result<String> {
    let json = serde_json::to_vec(key).map_err(|e| Error::internal("making a cursor", e))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(json))
}
