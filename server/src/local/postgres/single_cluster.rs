//! Installations of before there were two clusters: the one there was becomes the apps', since their databases are in it.
//!
//! It is moved while it is stopped, in one step: whatever ends the program, the next start finds it either
//! here or there. The portal's database in it is taken out afterwards ([`super::portal_database`]).

use super::cluster::{Cluster, Purpose};
use super::server::Server;
use super::{binaries, folders, tools};
use crate::config::Config;
use crate::fault_injection::FaultInjection;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::Path;

/// Moves the single cluster to the apps' place, if there is one.
pub async fn become_the_apps(config: &Config, faults: &FaultInjection) -> Result<()> {
    let apps = Cluster::locate(config, Purpose::Apps)?;
    let Some(single) = find(config)? else {
        return Ok(());
    };
    if apps.data().exists() {
        bail!(
            "there are two clusters for the apps, {} and {}: an older release has been started on this data folder; move the one that is not wanted elsewhere, then start again",
            single.data().display(),
            apps.data().display()
        );
    }
    tracing::warn!(
        from = %single.data().display(),
        to = %apps.data().display(),
        "the private cluster of an older release becomes the cluster of the apps"
    );
    // Before anything is changed: the older release can still be started.
    tools::check_there(&binaries::find().await?)?;
    Server::find(single.clone()).await?.stop().await?;
    faults.before("two_clusters", "move");
    std::fs::rename(single.data(), apps.data()).context("moving the apps' cluster")?;
    sync(&apps.folder)?;
    sync(&single.folder)?;
    faults.after("two_clusters", "move");
    Ok(())
}

/// The cluster as an older release has left it: in the folder itself, otherwise as the apps' is.
pub fn find(config: &Config) -> Result<Option<Cluster>> {
    let apps = Cluster::locate(config, Purpose::Apps)?;
    let single = Cluster {
        folder: folders::base(&config.data, &apps.owner)?,
        ..apps
    };
    let is_there = single.data().join("PG_VERSION").exists();
    Ok(is_there.then_some(single))
}

fn sync(folder: &Path) -> Result<()> {
    let open = File::open(folder).and_then(|folder| folder.sync_all());
    open.with_context(|| format!("writing the folder {} to the disk", folder.display()))
}
