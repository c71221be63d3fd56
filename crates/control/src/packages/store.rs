//! Where package files lie: a folder, written aside and moved into place.

use crate::error::{Error, Result};
use bytes::Bytes;
use domain::ids::PackageId;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use std::path::PathBuf;
use std::sync::Arc;

/// Keeps the packages.
pub struct PackageStore {
    root: PathBuf,
    objects: Arc<dyn ObjectStore>,
}

impl PackageStore {
    /// A store in `root`, which is made if it is not there. Uploads that were cut off by the end
    /// of an earlier process are taken away.
    pub fn open(root: PathBuf) -> std::io::Result<Self> {
        let incoming = root.join("incoming");
        std::fs::create_dir_all(root.join("packages"))?;
        std::fs::create_dir_all(&incoming)?;
        let objects = LocalFileSystem::new_with_prefix(&root).map_err(std::io::Error::other)?;
        Ok(Self {
            root,
            objects: Arc::new(objects),
        })
    }

    /// The file of a package.
    pub fn file(&self, id: PackageId) -> PathBuf {
        self.root.join("packages").join(format!("{id}.mda"))
    }

    /// A file for an upload that is not accepted yet.
    pub(crate) fn incoming(&self, id: PackageId) -> PathBuf {
        self.root.join("incoming").join(format!("{id}.mda"))
    }

    /// Moves an accepted upload to its place.
    pub(crate) async fn accept(&self, id: PackageId) -> Result<()> {
        tokio::fs::rename(self.incoming(id), self.file(id))
            .await
            .map_err(|e| Error::internal("storing a package", e))
    }

    /// Size and bytes of a package.
    pub(crate) async fn read(
        &self,
        id: PackageId,
    ) -> Result<(u64, BoxStream<'static, std::io::Result<Bytes>>)> {
        let path = Path::from(format!("packages/{id}.mda"));
        let found = self
            .objects
            .get(&path)
            .await
            .map_err(|e| Error::internal("opening a package", e))?;
        Ok((
            found.meta.size,
            found
                .into_stream()
                .map(|chunk| chunk.map_err(std::io::Error::other))
                .boxed(),
        ))
    }

    /// Removes a package's file; nothing if it is gone.
    pub(crate) async fn remove(&self, id: PackageId) -> Result<()> {
        match tokio::fs::remove_file(self.file(id)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::internal("removing a package", error))
            }
            _ => Ok(()),
        }
    }
}
