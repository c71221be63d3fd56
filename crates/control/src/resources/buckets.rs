//! Buckets: a folder for each environment's files, in its region.

use crate::error::{Error, Result};
use domain::ids::EnvironmentId;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

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

/// Removes the bucket and every file in it; nothing if it is gone.
pub(crate) async fn remove(folder: &Path) -> Result<()> {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::internal("removing a bucket", error))
        }
        _ => Ok(()),
    }
}
