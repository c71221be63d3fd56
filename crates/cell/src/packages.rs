//! Unpacked packages: one folder for each, by checksum, shared by the instances that run it.

use crate::disk;
use crate::local_path::{self, NotLocal};
use crate::room::disk::{DiskRoom, TooLittle};
use engine::refs::PackageRef;
use mda::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// The end of the name of what is only half there, or on its way out.
const UNFINISHED: &str = ".new";

/// Why a package cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The file is another one than the wanted state says.
    #[error("the package {label} is not the file that was uploaded: its checksum differs")]
    Checksum {
        /// Name and version.
        label: String,
    },
    /// The package's content is refused.
    #[error("the package {label} cannot be unpacked")]
    Refused {
        /// Name and version.
        label: String,
        /// Why.
        #[source]
        source: mda::refusal::Refusal,
    },
    /// Its address is one that this engine cannot follow.
    #[error("the package {label} cannot be read")]
    Address {
        /// Name and version.
        label: String,
        /// Why.
        #[source]
        source: NotLocal,
    },
    /// The disk has too little room for what comes out of it.
    #[error("there is no room for the package {label}")]
    NoRoom {
        /// Name and version.
        label: String,
        /// The need and the room.
        #[source]
        source: TooLittle,
    },
    /// The machine fails to read or write.
    #[error("the package {label} cannot be put in place")]
    Io {
        /// Name and version.
        label: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The unpacked packages of this cell.
#[derive(Debug)]
pub struct Packages {
    folder: PathBuf,
    disk: DiskRoom,
    /// What a former cell did not finish.
    unfinished: Mutex<Vec<PathBuf>>,
    unpacking: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    held: Mutex<BTreeMap<Uuid, BTreeSet<String>>>,
}

impl Packages {
    /// Uses `folder` on `disk`. What an interrupted unpacking or removal left is never believed; it goes with
    /// [`Self::remove_unfinished`].
    pub fn open(folder: PathBuf, disk: DiskRoom) -> io::Result<Self> {
        disk::private_dir(&folder)?;
        let entries = std::fs::read_dir(&folder)?.flatten();
        let unfinished =
            entries.filter(|it| it.file_name().to_string_lossy().ends_with(UNFINISHED));
        Ok(Self {
            unfinished: Mutex::new(unfinished.map(|entry| entry.path()).collect()),
            folder,
            disk,
            unpacking: Mutex::new(BTreeMap::new()),
            held: Mutex::new(BTreeMap::new()),
        })
    }

    /// The folder with the package's `model/` and `web/`; unpacks it when it is not there. Hold the
    /// package before, or a sweep may take the folder away.
    pub async fn unpacked(&self, package: &PackageRef) -> Result<PathBuf, PackageError> {
        let target = self.folder.join(&package.sha256);
        if target.exists() {
            return Ok(target);
        }
        // One at a time: two instances of a workload want the same package at the same moment.
        let turn = self.turn(&package.sha256);
        let _one = turn.lock().await;
        if target.exists() {
            return Ok(target);
        }
        let package = package.clone();
        let label = package.label.clone();
        let disk = self.disk.clone();
        let task =
            tokio::task::spawn_blocking(move || unpack(&package, &target, &disk).map(|()| target));
        task.await.unwrap_or_else(|panicked| {
            Err(PackageError::Io {
                label,
                source: io::Error::other(panicked),
            })
        })
    }

    /// Removes what a former cell did not finish.
    pub fn remove_unfinished(&self) {
        for folder in lock(&self.unfinished).drain(..) {
            if let Err(error) = disk::remove_dir(&folder) {
                tracing::warn!(%error, folder = %folder.display(), "a half package cannot be removed");
            }
        }
    }

    /// Says which packages a workload needs from now on; others go with the next [`Self::sweep`].
    pub fn hold(&self, workload: Uuid, packages: BTreeSet<String>) {
        let mut held = lock(&self.held);
        if packages.is_empty() {
            held.remove(&workload);
        } else {
            held.insert(workload, packages);
        }
    }

    /// Removes the unpacked packages that no workload needs.
    pub async fn sweep(&self) -> io::Result<()> {
        for folder in self.take_out()? {
            tokio::fs::remove_dir_all(folder).await?;
        }
        Ok(())
    }

    /// Takes what no workload needs out of use at one stroke, for a folder that is being removed
    /// would pass for a whole package. Nobody begins to need one of them meanwhile.
    fn take_out(&self) -> io::Result<Vec<PathBuf>> {
        let held = lock(&self.held);
        let mut out = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let needed = held.values().any(|packages| packages.contains(&name));
            if needed || name.ends_with(UNFINISHED) {
                continue;
            }
            tracing::info!(package = name, "removing an unpacked package");
            let unused = self
                .folder
                .join(format!("{name}.{}{UNFINISHED}", Uuid::new_v4()));
            std::fs::rename(entry.path(), &unused)?;
            out.push(unused);
        }
        Ok(out)
    }

    /// Whose turn it is to unpack a package: others' packages do not wait for it.
    fn turn(&self, sha256: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut unpacking = lock(&self.unpacking);
        unpacking.retain(|_, turn| Arc::strong_count(turn) > 1);
        unpacking.entry(sha256.to_owned()).or_default().clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unpack(package: &PackageRef, target: &Path, disk: &DiskRoom) -> Result<(), PackageError> {
    let io = |source| PackageError::Io {
        label: package.label.clone(),
        source,
    };
    let refused = |source| PackageError::Refused {
        label: package.label.clone(),
        source,
    };
    let file = local_path::of(&package.url).map_err(|source| PackageError::Address {
        label: package.label.clone(),
        source,
    })?;
    if mda::sha256(&file).map_err(refused)? != package.sha256 {
        return Err(PackageError::Checksum {
            label: package.label.clone(),
        });
    }
    // The portal has applied its own limits at the upload; here only the form is checked again, and the room.
    let form = Limits::new(u64::MAX, u64::MAX, u64::MAX);
    let size = mda::size(&file, &form).map_err(refused)?;
    let claim = disk.claim(size.on_disk, size.entries).map_err(io)?;
    let _claim = claim.map_err(|source| PackageError::NoRoom {
        label: package.label.clone(),
        source,
    })?;
    let limits = Limits::new(u64::MAX, size.bytes, size.entries);
    let temporary = format!("{}.{}{UNFINISHED}", package.sha256, Uuid::new_v4());
    let temporary = target.with_file_name(temporary);
    std::fs::create_dir(&temporary).map_err(io)?;
    let outcome = mda::unpack_while(&file, &temporary, &limits, &|| disk.check())
        .map_err(refused)
        .and_then(|()| make_both(&temporary).map_err(io))
        .and_then(|()| sync_all_of(&temporary).map_err(io))
        .and_then(|()| disk::rename(&temporary, target).map_err(io));
    if outcome.is_err() {
        drop(disk::remove_dir(&temporary));
    }
    // Whoever unpacked the same meanwhile, because nobody waited for that any more, was as good.
    if target.exists() { Ok(()) } else { outcome }
}

/// Writes everything that was unpacked to the disk: under its name it counts as whole, also after a power cut.
fn sync_all_of(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(std::fs::File::open(folder)?)?)
}

/// A package may lack one of the folders, the runtime finds both; and the place where a Mendix
/// Runtime expects its own browser files, since nothing can be made there later.
fn make_both(folder: &Path) -> io::Result<()> {
    for name in ["model", "web/mxclientsystem"] {
        std::fs::create_dir_all(folder.join(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Packages;
    use crate::room::disk::DiskRoom;
    use engine::refs::PackageRef;
    use futures::FutureExt;
    use std::collections::BTreeSet;
    use std::fs::{create_dir_all, write};
    use std::path::Path;
    use uuid::Uuid;

    fn package(sha256: &str) -> PackageRef {
        PackageRef {
            sha256: sha256.to_owned(),
            bytes: 0,
            url: "file:///nonexistent".parse().expect("an address"),
            label: "Shop 1.0.0".to_owned(),
        }
    }

    fn open(folder: &Path) -> std::io::Result<Packages> {
        Packages::open(folder.to_owned(), DiskRoom::new(folder.to_owned(), Some(0)))
    }

    fn make(folder: &Path, name: &str) {
        create_dir_all(folder.join(name).join("web")).expect("a folder");
        write(folder.join(name).join("web/index.html"), "Shop").expect("a page");
    }

    fn names(folder: &Path) -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            let name = entry.expect("an entry").file_name();
            name.to_string_lossy().into_owned()
        };
        entries.map(name).collect()
    }

    #[tokio::test]
    async fn what_is_held_or_being_unpacked_stays_and_the_rest_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let packages = open(folder.path()).expect("opened");
        for name in ["held", "unused", "unpacking.new"] {
            make(folder.path(), name);
        }
        packages.hold(Uuid::new_v4(), BTreeSet::from(["held".to_owned()]));
        packages.sweep().await.expect("swept");
        let left = BTreeSet::from(["held".to_owned(), "unpacking.new".to_owned()]);
        assert_eq!(names(folder.path()), left);
    }

    #[tokio::test]
    async fn a_package_that_is_there_waits_for_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let packages = open(folder.path()).expect("opened");
        make(folder.path(), "there");
        let turns = [packages.turn("there"), packages.turn("another")];
        let _busy = (turns[0].lock().await, turns[1].lock().await);
        let found = packages.unpacked(&package("there")).now_or_never();
        let found = found.expect("at once").expect("found");
        assert_eq!(found, folder.path().join("there"));
        // One that is not there has a turn of its own: it is tried, and its file is missing.
        assert!(packages.unpacked(&package("missing")).await.is_err());
    }

    #[test]
    fn half_a_package_never_passes_for_a_whole_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let packages = open(folder.path()).expect("opened");
        make(folder.path(), "unused");
        // The cell ends before what was taken out is removed.
        let out = packages.take_out().expect("taken out");
        assert!(out[0].exists() && !folder.path().join("unused").exists());
        let packages = open(folder.path()).expect("opened");
        packages.remove_unfinished();
        assert!(names(folder.path()).is_empty());
    }
}
