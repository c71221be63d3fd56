//! Takes away what broken-off uploads and deletions left in the store of packages.

use super::ownership;
use crate::db;
use crate::error::Result;
use crate::objects::key::{ObjectKey, ObjectKind};
use crate::state::State;
use domain::ids::PackageId;
use std::time::{Duration, SystemTime};

/// How long a file that belongs to nothing is left alone: somebody may be at work on it.
const GRACE: Duration = Duration::from_hours(1);

/// Removes files that belong to no package, and copies that no environment needs; their number.
pub async fn sweep(state: &State) -> Result<usize> {
    let before = SystemTime::from(state.now()) - GRACE;
    ownership::claim(state, before).await?;
    let abandoned = state.objects.remove_abandoned(before).await?;
    let copies = remove_copies(state, before).await?;
    Ok(abandoned + copies + remove_orphans(state, before).await?)
}

async fn remove_orphans(state: &State, before: SystemTime) -> Result<usize> {
    let orphans = orphans(state, before).await?;
    for id in &orphans {
        state.objects.delete(&ObjectKey::package(*id)).await?;
    }
    Ok(orphans.len())
}

/// The stored files of before that belong to no package.
pub(super) async fn orphans(state: &State, before: SystemTime) -> Result<Vec<PackageId>> {
    let stored = state.objects.list(ObjectKind::Package).await?;
    let old: Vec<PackageId> = stored
        .iter()
        .filter(|object| object.at < before)
        .map(|object| PackageId::new(object.key.id))
        .collect();
    db::packages::without_row(&mut *state.pool.acquire().await?, &old).await
}

async fn remove_copies(state: &State, before: SystemTime) -> Result<usize> {
    let old = state
        .objects
        .unneeded_copies(ObjectKind::Package, before)
        .await?;
    let old: Vec<PackageId> = old.iter().map(|key| PackageId::new(key.id)).collect();
    let unused = db::packages::not_deployed(&mut *state.pool.acquire().await?, &old).await?;
    for id in &unused {
        state.objects.remove_copy(&ObjectKey::package(*id)).await?;
    }
    Ok(unused.len())
}
