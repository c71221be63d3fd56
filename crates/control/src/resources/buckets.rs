//! Buckets: a folder for each environment's files, in its region.

use crate::error::{Error, Result};
use domain::ids::EnvironmentId;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// The folder of an environment's bucket.
pub(crate) fn folder(buckets_dir: &Path, id: EnvironmentId) -> PathBuf {
    buckets_dir.join(id.to_string())
}

/// Makes the bucket; nothing if it is there.
pub(crate) async fn make(folder: &Path) -> Result<()> {
    tokio::fs::create_dir_all(folder)
        .await
        .map_err(|error| Error::Unavailable {
            text: if error.kind() == ErrorKind::StorageFull {
                "The region's file storage is full.".to_owned()
            } else {
                "The region's file storage cannot be written.".to_owned()
            },
            source: Some(error.into()),
        })
}

/// The environments that have a bucket here; none where there is no folder.
pub(crate) async fn environments(buckets_dir: &Path) -> Result<Vec<EnvironmentId>> {
    let looking = |error| Error::internal("looking through the buckets", error);
    let mut entries = match tokio::fs::read_dir(buckets_dir).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(looking)?,
    };
    let mut found = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(looking)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        let id: Option<EnvironmentId> = name.parse().ok();
        found.extend(id.filter(|id| id.to_string() == name));
    }
    Ok(found)
}

/// Removes the bucket and every file in it; nothing if it is gone.
pub(crate) async fn remove(folder: &Path) -> Result<()> {
    // By the system's own program: folders in folders without end would cost the standard library's way its stack.
    let mut rm = Command::new("rm");
    let removed = rm.args(["-rf", "--"]).arg(folder).output().await;
    let failed = |error| Error::internal("removing a bucket", error);
    let removed = removed.map_err(failed)?;
    if removed.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&removed.stderr).into_owned();
    Err(failed(io::Error::other(said)))
}
