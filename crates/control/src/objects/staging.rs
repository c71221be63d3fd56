//! Files that are being received: beside the store, on this machine, and nothing's yet.

use super::key::ObjectKey;
use crate::error::{Error, Result};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A file that goes away with this value, unless it was moved.
///
/// Removing a large file takes the file system seconds: [`Self::discard`] waits for it, and a value that
/// is merely dropped has it done beside, too.
pub struct Staged(PathBuf);

impl Staged {
    /// The place for what is to become `key`; nothing is written yet.
    pub(super) fn new(folder: &Path, key: &ObjectKey) -> Self {
        Self(folder.join(key.file_name()))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Staged {
    /// Removes what was not moved.
    pub async fn discard(mut self) {
        let file = std::mem::take(&mut self.0);
        // It never panics, and a runtime that ends leaves the rest to the sweep.
        drop(tokio::task::spawn_blocking(move || remove(&file)).await);
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let file = std::mem::take(&mut self.0);
        if file.as_os_str().is_empty() {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || remove(&file))),
            Err(_) => remove(&file),
        }
    }
}

fn remove(file: &Path) {
    if let Err(error) = std::fs::remove_file(file)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(%error, "a file that was not accepted could not be removed");
    }
}

/// Removes the files of a folder that nobody has written to since `before`; their number.
pub(super) async fn remove_before(folder: &Path, before: SystemTime) -> Result<usize> {
    let folder = folder.to_owned();
    let removed = tokio::task::spawn_blocking(move || {
        let old = files_before(&folder, before)?;
        for file in &old {
            std::fs::remove_file(file)?;
        }
        Ok::<_, io::Error>(old.len())
    });
    match removed.await {
        Ok(Ok(removed)) => Ok(removed),
        Ok(Err(error)) => Err(Error::internal(
            "removing files that were never accepted",
            error,
        )),
        Err(error) => Err(Error::internal(
            "removing files that were never accepted",
            error,
        )),
    }
}

/// The files of a folder that nobody has written to since `before`; none if there is no folder.
pub(super) fn files_before(folder: &Path, before: SystemTime) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let about = entry.metadata()?;
        if about.is_file() && about.modified()? < before {
            found.push(entry.path());
        }
    }
    Ok(found)
}
