//! What is kept on disk of each instance and each workload, so that a restart knows them again.

use crate::disk;
use crate::process::Identity;
use domain::ids::{EnvironmentId, InstanceId};
use engine::observation::Crash;
use engine::workload::{Template, Workload};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use time::OffsetDateTime;

/// One instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstanceRecord {
    /// Its id.
    pub id: InstanceId,
    /// Whose it is.
    pub workload: EnvironmentId,
    /// Its index.
    pub index: u16,
    /// Its zone.
    pub zone: String,
    /// What it is made of.
    pub template: Template,
    /// The user id it runs as.
    pub uid: u32,
    /// The sandbox that holds it.
    pub sandbox: String,
    /// The password of its admin protocol.
    #[serde(serialize_with = "expose")]
    pub admin_password: SecretString,
    /// The first process in its sandbox, once there is one.
    pub first: Option<Identity>,
    /// The runtime's process.
    pub runtime_pid: Option<u32>,
    /// Its control groups, by controller; `""` is the unified one.
    #[serde(default)]
    pub groups: BTreeMap<String, String>,
    /// When it got requests for the first time.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ready_at: Option<OffsetDateTime>,
}

impl InstanceRecord {
    /// The name of its container.
    pub fn container(&self) -> String {
        format!("cell-{}", self.id)
    }
}

/// One workload: what is wanted of it, and what is known about getting there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkloadRecord {
    /// What is wanted.
    pub wanted: Workload,
    /// The template that every instance was of when the wanted state was last reached.
    pub serving: Option<Template>,
    /// Why the wanted template could not be rolled out.
    pub failed: Option<Failure>,
    /// Indexes that were ready with the wanted template.
    #[serde(default)]
    pub moved: BTreeSet<u16>,
    /// Crashes by index.
    #[serde(default)]
    pub crashes: BTreeMap<u16, Crashes>,
    /// Whether it is being taken away.
    #[serde(default)]
    pub removing: bool,
}

/// Why a template could not be rolled out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The failing check or step.
    pub reason: String,
    /// The last log lines.
    pub log: Vec<String>,
}

/// Crashes of one index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crashes {
    /// Since it was last stable.
    pub count: u32,
    /// All of them, for as long as the index is wanted.
    #[serde(default)]
    pub total: u32,
    /// The last one.
    pub last: Option<Crash>,
    /// Nothing is started before; with `None` and a count that is too high, never.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub not_before: Option<OffsetDateTime>,
    /// The instance that crashed last, until another one is started in its place.
    #[serde(default)]
    pub fallen: Option<Fallen>,
}

/// What is shown of an instance that crashed, while its index has no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallen {
    /// Its id.
    pub id: InstanceId,
    /// Its zone.
    pub zone: String,
    /// The fingerprint of its template.
    pub print: String,
    /// The package it ran: `Shop 2.4.1`.
    pub package: String,
    /// Its memory limit, MiB.
    pub memory_mib: u32,
}

/// What an instance that failed wrote to its log last; the log itself goes with the instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LastWords {
    /// The instance.
    pub instance: InstanceId,
    /// Its last lines, oldest first.
    pub lines: Vec<String>,
}

impl WorkloadRecord {
    /// Checksums of the packages that are needed while instances of these templates run.
    pub fn packages<'a>(&'a self, running: impl Iterator<Item = &'a Template>) -> BTreeSet<String> {
        let templates = self.wanted.template.iter().chain(&self.serving);
        let packages = templates.chain(running).map(|template| &template.package);
        packages.map(|package| package.sha256.clone()).collect()
    }
}

/// What tells two templates apart.
pub fn fingerprint(template: &Template) -> String {
    let text = serde_json::to_vec(template).expect("a template has only text as keys");
    hex::encode(Sha256::digest(text))
}

/// Whether two wanted states are the same.
pub fn same(one: &Workload, other: &Workload) -> bool {
    let text = |workload| serde_json::to_vec(workload).expect("a workload has only text as keys");
    text(one) == text(other)
}

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

    /// All workloads; a file that cannot be read is an error, for guessing would end instances.
    pub fn workloads(&self) -> io::Result<Vec<WorkloadRecord>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.data.join("workloads"))? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                found.extend(disk::read_json(&path)?);
            }
        }
        Ok(found)
    }

    /// All instances' folders, each with its record if it has a readable one.
    pub fn instances(&self) -> io::Result<Vec<(PathBuf, Option<InstanceRecord>)>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.data.join("instances"))? {
            let folder = entry?.path();
            let record = disk::read_json(&folder.join("record.json")).unwrap_or_else(|error| {
                tracing::warn!(%error, folder = %folder.display(), "an instance's record is unreadable");
                None
            });
            found.push((folder, record));
        }
        Ok(found)
    }
}

fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::Crashes;

    #[test]
    fn what_an_older_cell_wrote_of_crashes_is_read() {
        let text =
            r#"{ "count": 4, "last": { "at": "2026-01-01T00:00:00Z", "reason": "killed" } }"#;
        let crashes: Crashes = serde_json::from_str(text).expect("read");
        assert_eq!((crashes.count, crashes.total), (4, 0));
        assert_eq!((crashes.not_before, crashes.fallen), (None, None));
    }
}
