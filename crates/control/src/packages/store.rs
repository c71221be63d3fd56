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
use std::time::SystemTime;

const PACKAGES: &str = "packages";
const INCOMING: &str = "incoming";

/// Keeps the packages.
pub struct PackageStore {
    root: PathBuf,
    objects: Arc<dyn ObjectStore>,
}

impl PackageStore {
    /// A store in `root`, which is made if it is not there.
    pub fn open(root: PathBuf) -> std::io::Result<Self> {
        for folder in [PACKAGES, INCOMING] {
            std::fs::create_dir_all(root.join(folder))?;
        }
        let objects = LocalFileSystem::new_with_prefix(&root).map_err(std::io::Error::other)?;
        Ok(Self {
            root,
            objects: Arc::new(objects),
        })
    }

    /// The file of a package.
    pub fn file(&self, id: PackageId) -> PathBuf {
        self.root.join(PACKAGES).join(format!("{id}.mda"))
    }

    /// A file for an upload that is not accepted yet.
    pub(crate) fn incoming(&self, id: PackageId) -> PathBuf {
        self.root.join(INCOMING).join(format!("{id}.mda"))
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
        let path = Path::from(format!("{PACKAGES}/{id}.mda"));
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

    /// Takes away uploads that nobody has written to since `before`; their number.
    pub(super) fn remove_abandoned(&self, before: SystemTime) -> std::io::Result<usize> {
        let abandoned = files_before(&self.root.join(INCOMING), before)?;
        for file in &abandoned {
            std::fs::remove_file(file)?;
        }
        Ok(abandoned.len())
    }

    /// Packages whose files were put in their place before `before`.
    pub(super) fn kept_before(&self, before: SystemTime) -> std::io::Result<Vec<PackageId>> {
        let files = files_before(&self.root.join(PACKAGES), before)?;
        let id = |file: &PathBuf| file.file_stem()?.to_str()?.parse().ok().map(PackageId::new);
        Ok(files.iter().filter_map(id).collect())
    }
}

fn files_before(folder: &std::path::Path, before: SystemTime) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.metadata()?.modified()? < before {
            found.push(entry.path());
        }
    }
    Ok(found)
}
