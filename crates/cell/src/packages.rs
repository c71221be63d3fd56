//! Unpacked packages: one folder for each, by checksum, shared by the instances that run it.

use crate::disk;
use engine::workload::PackageSource;
use mda::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

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
    unpacking: tokio::sync::Mutex<()>,
    held: Mutex<BTreeMap<Uuid, BTreeSet<String>>>,
}

impl Packages {
    /// Uses `folder`; what an interrupted unpacking left is removed.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        disk::private_dir(&folder)?;
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(".new") {
                disk::remove_dir(&entry.path())?;
            }
        }
        Ok(Self {
            folder,
            unpacking: tokio::sync::Mutex::new(()),
            held: Mutex::new(BTreeMap::new()),
        })
    }

    /// The folder with the package's `model/` and `web/`; unpacks it when it is not there.
    pub async fn unpacked(&self, package: &PackageSource) -> Result<PathBuf, PackageError> {
        let target = self.folder.join(&package.sha256);
        // One at a time: two instances of a workload want the same package at the same moment.
        let _one = self.unpacking.lock().await;
        if target.exists() {
            return Ok(target);
        }
        let package = package.clone();
        let label = package.label.clone();
        let task = tokio::task::spawn_blocking(move || unpack(&package, &target).map(|()| target));
        task.await.unwrap_or_else(|panicked| {
            Err(PackageError::Io {
                label,
                source: io::Error::other(panicked),
            })
        })
    }

    /// Says which packages a workload needs from now on; others go with the next [`Self::sweep`].
    pub fn hold(&self, workload: Uuid, packages: BTreeSet<String>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if packages.is_empty() {
            held.remove(&workload);
        } else {
            held.insert(workload, packages);
        }
    }

    /// Removes the unpacked packages that no workload needs.
    pub async fn sweep(&self) -> io::Result<()> {
        let _one = self.unpacking.lock().await;
        let mut entries = tokio::fs::read_dir(&self.folder).await?;
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name().to_string_lossy().into_owned();
            let needed = {
                let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
                held.values().any(|packages| packages.contains(&name))
            };
            if !needed {
                tracing::info!(package = name, "removing an unpacked package");
                tokio::fs::remove_dir_all(entry.path()).await?;
            }
        }
        Ok(())
    }
}

fn unpack(package: &PackageSource, target: &Path) -> Result<(), PackageError> {
    let io = |source| PackageError::Io {
        label: package.label.clone(),
        source,
    };
    let refused = |source| PackageError::Refused {
        label: package.label.clone(),
        source,
    };
    if mda::sha256(&package.file).map_err(refused)? != package.sha256 {
        return Err(PackageError::Checksum {
            label: package.label.clone(),
        });
    }
    let temporary = target.with_extension("new");
    disk::remove_dir(&temporary).map_err(io)?;
    std::fs::create_dir(&temporary).map_err(io)?;
    // The portal has applied its own limits at the upload; here only the form is checked again.
    let limits = Limits::new(u64::MAX, u64::MAX, u64::MAX);
    let outcome = mda::unpack(&package.file, &temporary, &limits)
        .map_err(refused)
        .and_then(|()| make_both(&temporary).map_err(io))
        .and_then(|()| std::fs::rename(&temporary, target).map_err(io));
    if outcome.is_err() {
        drop(disk::remove_dir(&temporary));
    }
    outcome
}

/// A package may lack one of the folders, the runtime finds both; and the place where a Mendix
/// Runtime expects its own browser files, since nothing can be made there later.
fn make_both(folder: &Path) -> io::Result<()> {
    for name in ["model", "web/mxclientsystem"] {
        std::fs::create_dir_all(folder.join(name))?;
    }
    Ok(())
}
