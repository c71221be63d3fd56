//! Files that the portal keeps: packages now; backups, archives and logs have their place here too.
//!
//! They lie in a folder, or in a bucket of an S3 server: the settings say which. What is being received
//! lies in a folder of this machine until it is accepted. Opening asks nothing of a server: one that is
//! away keeps no page from being served, and what needs it answers [`Error::Unavailable`].

mod copies;
mod http;
pub mod key;
mod s3;
pub mod settings;
pub mod staging;
pub mod transfer;

use crate::error::{Error, Result};
use bytes::Bytes;
use copies::Copies;
use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use key::{ObjectKey, ObjectKind};
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use settings::Bucket;
use staging::Staged;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use transfer::Content;

const INCOMING: &str = "incoming";
/// The object that says whose store it is.
const MARK: &str = "installation";

/// Keeps the objects.
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    place: Place,
    incoming: PathBuf,
}

enum Place {
    /// In files of this machine.
    Folder(PathBuf),
    /// Elsewhere; `url` says where, for operators.
    Bucket { url: String, copies: Arc<Copies> },
}

/// An object that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub key: ObjectKey,
    /// When it was stored, by the store's clock.
    pub at: SystemTime,
}

/// An object's bytes.
pub struct Reading {
    /// How many there are.
    pub size: u64,
    /// The bytes.
    pub bytes: BoxStream<'static, io::Result<Bytes>>,
}

impl Objects {
    /// Objects in the folder `root`, which is made if it is not there.
    pub fn in_folder(root: PathBuf) -> Result<Self> {
        let absolute = object_store::path::Path::from_absolute_path(&root);
        let prefix =
            absolute.map_err(|error| Error::internal("opening the folder of objects", error))?;
        for kind in ObjectKind::ALL {
            make_or_warn(&root.join(kind.folder()));
        }
        let incoming = root.join(INCOMING);
        make_or_warn(&incoming);
        Ok(Self {
            store: Arc::new(PrefixStore::new(LocalFileSystem::new(), prefix)),
            place: Place::Folder(root),
            incoming,
        })
    }

    /// Objects in a bucket; below `root` is what is being received, in `copies` what engines read.
    pub fn in_bucket(bucket: &Bucket, root: &Path, copies: PathBuf) -> Result<Self> {
        let incoming = root.join(INCOMING);
        make_or_warn(&incoming);
        Ok(Self {
            store: s3::open(bucket)
                .map_err(|error| Error::internal(format!("opening {}", bucket.url()), error))?,
            place: Place::Bucket {
                url: bucket.url(),
                copies: Arc::new(Copies::new(copies)),
            },
            incoming,
        })
    }

    /// Asks the store whether it is there; the error says what to do.
    pub async fn check(&self) -> Result<()> {
        let (place, remedy, answer) = match &self.place {
            Place::Folder(root) => (
                root.display().to_string(),
                "see that the folder is there and that the portal may write to it",
                make(&self.incoming).await.map_err(Into::into),
            ),
            Place::Bucket { url, .. } => {
                let folder = object_store::path::Path::from(ObjectKind::Package.folder());
                let first = self.store.list(Some(&folder)).next().await.transpose();
                (
                    url.clone(),
                    "see that the server runs, and check the settings of objects",
                    first.map(drop).map_err(crate::error::BoxedError::from),
                )
            }
        };
        answer.map_err(|cause| Error::Unavailable {
            text: format!(
                "The object store {place} cannot be used: uploads, downloads and new deployments wait, all else goes on; {remedy}."
            ),
            source: Some(cause),
        })
    }

    /// A place to receive what is to become `key`.
    pub async fn stage(&self, key: &ObjectKey) -> Result<Staged> {
        make(&self.incoming).await.map_err(|error| Error::Unavailable {
            text: "The folder that uploads are received in cannot be written. Nothing was kept; an operator must look.".to_owned(),
            source: Some(error.into()),
        })?;
        Ok(Staged::new(&self.incoming, key))
    }

    /// Stores what was received, which is verified to be `content`.
    pub async fn accept(&self, staged: &Staged, key: &ObjectKey, content: &Content) -> Result<()> {
        let Place::Folder(_) = &self.place else {
            return transfer::upload(self.store.as_ref(), &key.path(), staged.path(), content)
                .await;
        };
        // On one disk a file is moved: its bytes are those that were hashed when it was received.
        let moving = async {
            let file = self.local_file(key);
            let size = tokio::fs::metadata(staged.path()).await?.len();
            if size != content.size {
                return Err(io::Error::other(
                    "the file has another size than was received",
                ));
            }
            let folder = file.parent().unwrap_or(&file);
            make(folder).await?;
            tokio::fs::rename(staged.path(), &file).await?;
            // Its name too is on the disk before anybody counts on it.
            tokio::fs::File::open(folder).await?.sync_all().await
        };
        moving
            .await
            .map_err(|error| Error::internal(format!("storing {key}"), error))
    }

    /// An object's size and bytes.
    pub async fn read(&self, key: &ObjectKey) -> Result<Reading> {
        let found = self.store.get(&key.path()).await.map_err(failed)?;
        Ok(Reading {
            size: found.meta.size,
            bytes: found.into_stream().map_err(io::Error::other).boxed(),
        })
    }

    /// Removes an object; nothing if it is gone.
    pub async fn delete(&self, key: &ObjectKey) -> Result<()> {
        if let Place::Bucket { copies, .. } = &self.place {
            copies.remove(key).await?;
        }
        match self.store.delete(&key.path()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// What the store says of whose it is; nothing where it says nothing.
    pub(crate) async fn mark(&self) -> Result<Option<String>> {
        let found = match self.store.get(&MARK.into()).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            found => found.map_err(failed)?,
        };
        let text = found.bytes().await.map_err(failed)?;
        Ok(Some(String::from_utf8_lossy(&text).into_owned()))
    }

    pub(crate) async fn set_mark(&self, text: String) -> Result<()> {
        let put = self.store.put(&MARK.into(), text.into()).await;
        put.map(drop).map_err(failed)
    }

    /// Every object of a kind.
    pub async fn list(&self, kind: ObjectKind) -> Result<Vec<Stored>> {
        let folder = object_store::path::Path::from(kind.folder());
        let found: Vec<_> = self
            .store
            .list(Some(&folder))
            .try_collect()
            .await
            .map_err(failed)?;
        let ours = found.into_iter().filter_map(|object| {
            let key = ObjectKey::parse(kind, object.location.filename()?)?;
            let at = SystemTime::from(object.last_modified);
            Some(Stored { key, at })
        });
        Ok(ours.collect())
    }

    /// The file that engines on this machine read an object from, once it was fetched.
    pub fn local_file(&self, key: &ObjectKey) -> PathBuf {
        match &self.place {
            Place::Folder(root) => root.join(key.kind.folder()).join(key.file_name()),
            Place::Bucket { copies, .. } => copies.file(key),
        }
    }

    /// Makes sure that [`Self::local_file`] is there, and is what `sha256` says.
    pub async fn fetch_local(&self, key: &ObjectKey, sha256: &str) -> Result<()> {
        match &self.place {
            Place::Folder(_) => Ok(()),
            Place::Bucket { copies, .. } => copies.fetch(&self.store, *key, sha256).await,
        }
    }

    /// Removes what was being received and nobody has written to since `before`; the number of files.
    pub async fn remove_abandoned(&self, before: SystemTime) -> Result<usize> {
        staging::remove_before(&self.incoming, before).await
    }

    /// Local copies that nobody has needed since `before`.
    pub async fn unneeded_copies(
        &self,
        kind: ObjectKind,
        before: SystemTime,
    ) -> Result<Vec<ObjectKey>> {
        match &self.place {
            Place::Folder(_) => Ok(Vec::new()),
            Place::Bucket { copies, .. } => copies.unneeded_since(kind, before).await,
        }
    }

    /// Removes a local copy; the object stays.
    pub async fn remove_copy(&self, key: &ObjectKey) -> Result<()> {
        match &self.place {
            Place::Folder(_) => Ok(()),
            Place::Bucket { copies, .. } => copies.remove(key).await,
        }
    }
}

async fn make(folder: &Path) -> io::Result<()> {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || make_durably(&folder))
        .await
        .map_err(io::Error::other)?
}

/// Makes a folder and those above it; each one's name is on the disk before anything in it counts.
fn make_durably(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_durably(above)?;
        match std::fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => std::fs::File::open(above)?.sync_all()?,
        }
    }
    Ok(())
}

/// A disk that is away keeps no page from being served: what needs it says so then.
fn make_or_warn(folder: &Path) {
    if let Err(error) = make_durably(folder) {
        tracing::warn!(%error, folder = %folder.display(), "a folder of objects cannot be made");
    }
}

/// The error of a store, for whoever asked.
fn failed(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { path, .. } => {
            Error::internal("reading an object", format!("{path} is not in the store"))
        }
        other => Error::Unavailable {
            text: "The store that keeps files does not answer. Nothing was changed; try again in a moment, and tell an operator if it stays so.".to_owned(),
            source: Some(other.into()),
        },
    }
}
