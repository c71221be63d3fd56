//! What a former cell left on this machine: found, attributed, and removed where nobody wants it.

use super::shared::Shared;
use crate::disk;
use crate::record::InstanceRecord;
use crate::stored::StoredWorkload;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A workload and the instances of it that there are.
pub struct Found {
    /// What is known of it.
    pub workload: StoredWorkload,
    /// Its instances.
    pub instances: Vec<InstanceRecord>,
}

/// Finds the workloads and their instances; ends and removes the instances of none.
pub async fn find(shared: &Shared) -> anyhow::Result<Vec<Found>> {
    let workloads = shared.layout.workloads()?;
    let mut instances = instances(shared, &workloads).await?;
    let found = workloads.into_iter().map(|workload| Found {
        instances: instances
            .remove(&workload.record.wanted.id.to_string())
            .unwrap_or_default(),
        workload,
    });
    Ok(found.collect())
}

async fn instances(
    shared: &Shared,
    workloads: &[StoredWorkload],
) -> anyhow::Result<BTreeMap<String, Vec<InstanceRecord>>> {
    let wanted = workloads.iter().map(|it| it.record.wanted.id.to_string());
    let wanted: BTreeSet<String> = wanted.collect();
    let mut found: BTreeMap<String, Vec<InstanceRecord>> = BTreeMap::new();
    let mut containers = BTreeSet::new();
    for (folder, record) in shared.layout.instances()? {
        match record {
            Some(record) if wanted.contains(&record.workload.to_string()) => {
                containers.insert(record.container());
                let workload = record.workload.to_string();
                found.entry(workload).or_default().push(record);
            }
            Some(record) => warn(&folder, shared.remove_instance(&record).await),
            None => warn(&folder, remove_unknown(shared, &folder).await),
        }
    }
    for container in shared.sandbox.containers()? {
        if !containers.contains(&container) {
            tracing::warn!(container, "removing a container that belongs to nothing");
            let removed = shared.sandbox.remove(&container, None).await;
            warn(Path::new(&container), removed);
        }
    }
    Ok(found)
}

async fn remove_unknown(shared: &Shared, folder: &Path) -> anyhow::Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    shared.sandbox.remove(&format!("cell-{name}"), None).await?;
    Ok(disk::remove_dir(folder)?)
}

/// What is left over and cannot be removed keeps nothing else from running; the next start tries again.
fn warn(what: &Path, removed: anyhow::Result<()>) {
    if let Err(error) = removed {
        let (what, error) = (what.display(), format!("{error:#}"));
        tracing::error!(%what, error, "what is left of an instance cannot be removed");
    }
}
