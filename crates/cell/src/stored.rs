//! Reads records whatever cell wrote them: this one, an older one, a newer one, or a broken disk.
//!
//! A record that cannot be read whole never keeps the cell from starting. As much of it is taken as fits, so
//! that what runs can be found and left alone.

pub mod blank;
mod upgrade;

use crate::record::{InstanceRecord, VERSION, WorkloadRecord};
use crate::words;
use domain::ids::{EnvironmentId, InstanceId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io;
use std::path::Path;

/// A workload's record as it was found.
#[derive(Debug)]
pub struct StoredWorkload {
    /// What was read; parts of it only when `unreadable` says why.
    pub record: WorkloadRecord,
    /// Why it could not be read whole.
    pub unreadable: Option<Unreadable>,
}

/// Why a record cannot be read whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A newer cell wrote it.
    #[error(
        "it was written by a newer engine, in form {0}; this engine knows forms up to {VERSION}"
    )]
    Newer(u64),
    /// It is not what any cell writes.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// The revision of a workload whose record could not be read: older than any.
pub const UNKNOWN_REVISION: i64 = -1;

/// The record of the workload `id` in `file`.
pub fn workload(file: &Path, id: EnvironmentId) -> StoredWorkload {
    let (mut record, unreadable) = read(std::fs::read(file), blank::workload(id));
    record.wanted.id = id;
    words::cut_record(&mut record);
    if unreadable.is_some() {
        record.wanted.revision = UNKNOWN_REVISION;
        // Nothing is ever started from a part.
        record.serving = None;
        let template = &mut record.wanted.template;
        *template = template.take().filter(|it| !it.package.sha256.is_empty());
    }
    StoredWorkload { record, unreadable }
}

/// The record of the instance `id` in `file`; none when it does not even say whose it is and which process.
pub fn instance(file: &Path, id: InstanceId) -> Option<InstanceRecord> {
    let (mut record, unreadable) = read(std::fs::read(file), blank::instance(id));
    let Some(why) = unreadable else {
        return Some(record);
    };
    let (file, why) = (file.display(), why.to_string());
    record.id = id;
    record.partial = true;
    if record.workload.uuid().is_nil() || record.first.is_none() {
        tracing::error!(%file, why, "an instance's record cannot be read: the instance is ended");
        return None;
    }
    tracing::error!(%file, why, "an instance's record can be read in parts only: the instance runs on");
    Some(record)
}

/// What the text says, or `blank` filled with as much of it as fits.
fn read<T: Serialize + DeserializeOwned>(
    text: io::Result<Vec<u8>>,
    blank: T,
) -> (T, Option<Unreadable>) {
    let parsed = text.and_then(|text| Ok(serde_json::from_slice::<Value>(&text)?));
    let mut stored = match parsed {
        Ok(stored) => stored,
        Err(error) => return (blank, Some(Unreadable::Damaged(error.to_string()))),
    };
    let version = stored["version"].as_u64().unwrap_or(0);
    let why = if version > u64::from(VERSION) {
        Unreadable::Newer(version)
    } else {
        upgrade::from(version, &mut stored);
        match serde_json::from_value(stored.clone()) {
            Ok(record) => return (record, None),
            Err(error) => Unreadable::Damaged(error.to_string()),
        }
    };
    (fill(blank, &stored), Some(why))
}

/// Takes over every field of `stored` with which the record can still be read.
fn fill<T: Serialize + DeserializeOwned>(blank: T, stored: &Value) -> T {
    let Ok(mut filled) = serde_json::to_value(&blank) else {
        return blank;
    };
    fill_at::<T>(&mut filled, "", stored);
    serde_json::from_value(filled).unwrap_or(blank)
}

fn fill_at<T: DeserializeOwned>(filled: &mut Value, at: &str, stored: &Value) {
    let Value::Object(fields) = stored else {
        return;
    };
    for (name, value) in fields {
        let field = format!("{at}/{name}");
        let Some(place) = filled.pointer_mut(&field) else {
            continue;
        };
        let before = std::mem::replace(place, value.clone());
        if serde_json::from_value::<T>(filled.clone()).is_ok() {
            continue;
        }
        if let Some(place) = filled.pointer_mut(&field) {
            *place = before;
        }
        fill_at::<T>(filled, &field, value);
    }
}

#[cfg(test)]
mod tests;
