//! Copies of objects on this machine, for the engines that read files: made when they are needed.
//!
//! The file's name is the object's, so what an engine is told never changes while the object does not.

use super::key::{ObjectKey, ObjectKind};
use super::{staging, transfer};
use crate::error::{Error, Result};
use object_store::ObjectStore;
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// How the name of a copy ends that is not whole.
const UNFINISHED: &str = "part";

/// The copies, in a folder of their own that may be removed at any time.
pub(super) struct Copies {
    folder: PathBuf,
    /// Whose turn it is to copy an object: two environments may need the same one.
    turns: Mutex<HashMap<ObjectKey, Arc<tokio::sync::Mutex<()>>>>,
}

impl Copies {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            turns: Mutex::default(),
        }
    }

    /// Where the copy of an object is, if it is.
    pub(super) fn file(&self, key: &ObjectKey) -> PathBuf {
        self.folder_of(key.kind).join(key.file_name())
    }

    /// Makes sure that the copy is there. Goes on when the caller waits no longer: it will ask again.
    pub(super) async fn fetch(
        self: &Arc<Self>,
        store: &Arc<dyn ObjectStore>,
        key: ObjectKey,
        sha256: &str,
    ) -> Result<()> {
        if self.is_there(&key).await? {
            return Ok(());
        }
        let (copies, store, sha256) = (Arc::clone(self), Arc::clone(store), sha256.to_owned());
        let copying = tokio::spawn(async move { copies.copy(store.as_ref(), &key, &sha256).await });
        copying
            .await
            .map_err(|error| Error::internal(format!("copying {key}"), error))?
    }

    async fn copy(&self, store: &dyn ObjectStore, key: &ObjectKey, sha256: &str) -> Result<()> {
        let turn = self.turn(key);
        let _one = turn.lock().await;
        if self.is_there(key).await? {
            return Ok(());
        }
        let disk = |error: io::Error| Error::internal(format!("copying {key}"), error);
        let file = self.file(key);
        let unfinished = file.with_extension(UNFINISHED);
        tokio::fs::create_dir_all(self.folder_of(key.kind))
            .await
            .map_err(disk)?;
        let copied = transfer::download(store, &key.path(), &unfinished, sha256).await;
        if copied.is_err() {
            // The next attempt, or the sweep, takes what is left.
            drop(tokio::fs::remove_file(&unfinished).await);
        }
        copied?;
        tokio::fs::rename(&unfinished, &file).await.map_err(disk)
    }

    /// Whether the copy is there; if so, it was needed just now, by the machine's clock as for every file's times.
    async fn is_there(&self, key: &ObjectKey) -> Result<bool> {
        let file = self.file(key);
        let touched = tokio::task::spawn_blocking(move || {
            match std::fs::File::options().append(true).open(&file) {
                Ok(file) => file.set_modified(SystemTime::now()).map(|()| true),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
                Err(error) => Err(error),
            }
        });
        let doing = || format!("looking for a copy of {key}");
        touched
            .await
            .map_err(|error| Error::internal(doing(), error))?
            .map_err(|error| Error::internal(doing(), error))
    }

    /// Copies that nobody has needed since `before`, and unfinished ones, which are removed here.
    pub(super) async fn unneeded_since(
        &self,
        kind: ObjectKind,
        before: SystemTime,
    ) -> Result<Vec<ObjectKey>> {
        let folder = self.folder_of(kind);
        let found = tokio::task::spawn_blocking(move || {
            let mut keys = Vec::new();
            for file in staging::files_before(&folder, before)? {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                match ObjectKey::parse(kind, &name) {
                    Some(key) => keys.push(key),
                    None => std::fs::remove_file(&file)?,
                }
            }
            Ok::<_, io::Error>(keys)
        });
        found
            .await
            .map_err(|error| Error::internal("looking for unneeded copies", error))?
            .map_err(|error| Error::internal("looking for unneeded copies", error))
    }

    /// Removes a copy; nothing if it is gone.
    pub(super) async fn remove(&self, key: &ObjectKey) -> Result<()> {
        match tokio::fs::remove_file(self.file(key)).await {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::internal(format!("removing a copy of {key}"), error))
            }
            _ => Ok(()),
        }
    }

    fn folder_of(&self, kind: ObjectKind) -> PathBuf {
        self.folder.join(Path::new(kind.folder()))
    }

    fn turn(&self, key: &ObjectKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        turns.entry(*key).or_default().clone()
    }
}
