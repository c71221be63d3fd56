//! Where things are in the cell's folder.

use crate::disk;
use crate::record::InstanceRecord;
use crate::stored::{self, StoredWorkload};
use domain::ids::{EnvironmentId, InstanceId};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// Where things are in the cell's folder.
#[derive(Debug, Clone)]
pub struct Layout {
    data: PathBuf,
    held: Arc<File>,
}

impl Layout {
    /// The layout within `data`; makes its folders.
    pub fn open(data: &Path) -> io::Result<Self> {
        for folder in ["", "workloads", "instances", "databases", "last-words"] {
            disk::private_dir(&data.join(folder))?;
        }
        Ok(Self {
            data: data.to_owned(),
            held: Arc::new(File::open(data)?),
        })
    }

    /// A file or folder directly in the cell's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.data.join(name)
    }

    /// The file of a workload.
    pub fn workload(&self, id: EnvironmentId) -> PathBuf {
        self.data.join("workloads").join(format!("{id}.json"))
    }

    /// The folder of an instance.
    pub fn instance(&self, id: InstanceId) -> PathBuf {
        self.data.join("instances").join(id.to_string())
    }

    /// The folder that an instance shares with the cell.
    pub fn run(&self, id: InstanceId) -> PathBuf {
        self.instance(id).join("run")
    }

    /// A socket of an instance, by the name that the instance cannot change. The path leads through
    /// a descriptor, since a socket's path may have a hundred bytes at most.
    pub fn socket(&self, id: InstanceId, name: &str) -> PathBuf {
        let data = self.held.as_raw_fd();
        PathBuf::from(format!("/proc/self/fd/{data}/instances/{id}/{name}"))
    }

    /// The folder of the socket through which a workload reaches its database server.
    pub fn database(&self, id: EnvironmentId) -> PathBuf {
        self.data.join("databases").join(id.to_string())
    }

    /// The folder of what the failed instances of a workload wrote last.
    pub fn last_words_of_all(&self, id: EnvironmentId) -> PathBuf {
        self.data.join("last-words").join(id.to_string())
    }

    /// What the last failed instance of an index wrote last.
    pub fn last_words(&self, id: EnvironmentId, index: u16) -> PathBuf {
        self.last_words_of_all(id).join(format!("{index}.json"))
    }

    /// Writes an instance's record.
    pub fn save(&self, record: &InstanceRecord) -> io::Result<()> {
        disk::write_json(&self.instance(record.id).join("record.json"), record)
    }

    /// Makes what is left of an instance that ended something that nobody wants, for the next cell, too.
    pub fn forget(&self, id: InstanceId) -> io::Result<()> {
        disk::remove_file(&self.instance(id).join("record.json"))
    }

    /// Where a workload's file is kept aside that could not be read.
    pub fn unreadable_workload(&self, id: EnvironmentId) -> PathBuf {
        self.workload(id).with_extension("unreadable")
    }

    /// All workloads. One that cannot be read is among them, for else its instances would be ended.
    pub fn workloads(&self) -> Listed<StoredWorkload> {
        list(&self.data.join("workloads"), |path| {
            if path.extension().is_none_or(|extension| extension != "json") {
                return None;
            }
            let Some(id) = name_as_id(&path) else {
                tracing::warn!(file = %path.display(), "by its name no workload's file; remove it");
                return None;
            };
            Some(self.stored_workload(EnvironmentId::new(id)))
        })
    }

    /// A workload as it was written down.
    pub fn stored_workload(&self, id: EnvironmentId) -> StoredWorkload {
        stored::workload(&self.workload(id), id)
    }

    /// An instance as it was written down.
    pub fn stored_instance(&self, id: InstanceId) -> Option<InstanceRecord> {
        stored::instance(&self.instance(id).join("record.json"), id)
    }

    /// All instances' folders, each with its record if it has a readable one.
    pub fn instances(&self) -> Listed<(PathBuf, Option<InstanceRecord>)> {
        list(&self.data.join("instances"), |folder| {
            let id = name_as_id(&folder).map(InstanceId::new);
            let record = id.and_then(|id| self.stored_instance(id));
            Some((folder, record))
        })
    }
}

/// What lies in a folder.
pub struct Listed<T> {
    /// What could be listed.
    pub found: Vec<T>,
    /// Whether that is all.
    pub complete: bool,
    /// Why it is not.
    pub problems: Vec<String>,
}

fn list<T>(folder: &Path, known: impl Fn(PathBuf) -> Option<T>) -> Listed<T> {
    let mut listed = Listed {
        found: Vec::new(),
        complete: true,
        problems: Vec::new(),
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) => vec![Err(error)],
    };
    for entry in entries {
        match entry {
            Ok(entry) => listed.found.extend(known(entry.path())),
            Err(error) => {
                let folder = folder.display();
                listed.complete = false;
                listed.problems.push(format!(
                    "{folder}: what lies there cannot be listed: {error}. Mend the disk and start the engine again; \
                     until then nothing that is left over is removed."
                ));
            }
        }
    }
    listed
}

fn name_as_id(path: &Path) -> Option<Uuid> {
    path.file_stem()?.to_str()?.parse().ok()
}
