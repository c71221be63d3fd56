//! What a former cell left on this machine: found and attributed first, then cleaned beside everything else.
//!
//! One thing that cannot be read or removed keeps nothing else from running: it is left where it is and reported.

use super::shared::Shared;
use crate::disk;
use crate::layout::{Layout, Listed};
use crate::process::Identity;
use crate::record::InstanceRecord;
use crate::sandbox::stray;
use crate::stored::StoredWorkload;
use crate::watched_task;
use domain::ids::EnvironmentId;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A workload and the instances of it that there are.
pub struct Found {
    /// What is known of it.
    pub workload: StoredWorkload,
    /// Its instances.
    pub instances: Vec<InstanceRecord>,
}

/// Everything that was found.
#[derive(Default)]
pub struct Everything {
    /// The workloads with their instances.
    pub workloads: Vec<Found>,
    /// Instances of no workload: a folder, and its record if that can be read.
    unwanted: Vec<(PathBuf, Option<InstanceRecord>)>,
    /// Whether all of it could be listed: else nothing may be taken for unwanted.
    complete: bool,
    /// What an operator should look at.
    pub problems: Vec<String>,
}

/// Finds the workloads and their instances. Changes nothing.
pub fn find(layout: &Layout) -> Everything {
    let workloads = layout.workloads();
    let instances = layout.instances();
    let mut found = Everything {
        complete: workloads.complete && instances.complete,
        problems: [workloads.problems, instances.problems].concat(),
        ..Everything::default()
    };
    let wanted = workloads.found.iter().map(|it| it.record.wanted.id.uuid());
    let wanted: BTreeSet<_> = wanted.collect();
    let mut by_workload: BTreeMap<_, Vec<InstanceRecord>> = BTreeMap::new();
    for (folder, record) in instances.found {
        match record {
            Some(record) if wanted.contains(&record.workload.uuid()) => {
                by_workload
                    .entry(record.workload.uuid())
                    .or_default()
                    .push(record);
            }
            record => found.unwanted.push((folder, record)),
        }
    }
    let workloads = workloads.found.into_iter();
    let workloads = workloads.map(|workload| Found {
        instances: by_workload
            .remove(&workload.record.wanted.id.uuid())
            .unwrap_or_default(),
        workload,
    });
    found.workloads = workloads.collect();
    found
}

/// The same for one workload, whose task has to begin anew.
pub fn find_one(layout: &Layout, id: EnvironmentId) -> Found {
    let Listed { found, .. } = layout.instances();
    let records = found.into_iter().filter_map(|(_, record)| record);
    Found {
        workload: layout.stored_workload(id),
        instances: records.filter(|record| record.workload == id).collect(),
    }
}

impl Everything {
    /// What is to be cleaned; nothing where it is not certain what is wanted.
    pub fn leftovers(&mut self, shared: &Shared) -> Vec<Leftover> {
        let unwanted = std::mem::take(&mut self.unwanted);
        if !self.complete {
            return Vec::new();
        }
        let wanted = self.workloads.iter().flat_map(|found| &found.instances);
        let mut known: BTreeSet<String> = wanted.map(InstanceRecord::container).collect();
        let mut leftovers = Vec::new();
        for (folder, record) in unwanted {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let container = format!("cell-{name}");
            known.insert(container.clone());
            leftovers.push(Leftover {
                first: record.and_then(|record| record.first),
                container,
                folder,
            });
        }
        let containers = shared.sandbox.containers().unwrap_or_else(|error| {
            self.problems.push(format!(
                "the containers that there are cannot be listed: {error}"
            ));
            Vec::new()
        });
        let instances = shared.layout.path("instances");
        let strays = stray::all(&instances).into_iter();
        let strays = strays.map(|stray| format!("cell-{}", stray.instance));
        for container in containers.into_iter().chain(strays) {
            if known.insert(container.clone()) {
                tracing::warn!(container, "removing a container that belongs to nothing");
                leftovers.push(Leftover {
                    folder: instances.join(container.trim_start_matches("cell-")),
                    container,
                    first: None,
                });
            }
        }
        leftovers
    }
}

/// Pause before it is tried again where removing itself failed.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// One thing that nobody wants.
pub struct Leftover {
    container: String,
    folder: PathBuf,
    first: Option<Identity>,
}

/// Removes what nobody wants, one after another; what cannot be removed is left to the next start.
pub async fn clean(shared: Arc<Shared>, leftovers: Arc<Vec<Leftover>>) {
    loop {
        let (by, all) = (shared.clone(), leftovers.clone());
        let Err(why) = watched_task::run(async move { clean_once(&by, &all).await }).await else {
            return;
        };
        shared.note_failure("removing what nobody wants", &why);
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

async fn clean_once(shared: &Shared, leftovers: &[Leftover]) {
    for leftover in leftovers {
        let Leftover {
            container,
            folder,
            first,
        } = leftover;
        if let Err(error) = remove(shared, container, folder, *first).await {
            let folder = folder.display();
            let problem = format!(
                "{folder}: what is left of an instance cannot be removed: {error:#}. Remove it, or start the engine \
                 again, which tries it again."
            );
            tracing::error!("{problem}");
            shared.set_problem(container, Some(problem));
        }
    }
    shared.packages.remove_unfinished();
}

async fn remove(
    shared: &Shared,
    container: &str,
    folder: &Path,
    first: Option<Identity>,
) -> anyhow::Result<()> {
    shared.sandbox.remove(container, folder, first).await?;
    Ok(disk::remove_dir(folder)?)
}
