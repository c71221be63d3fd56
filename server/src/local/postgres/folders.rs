//! The folders of the clusters, and who may pass through them.

use super::owner::Owner;
use crate::private_file;
use crate::socket_path::{self, short_hash};
use anyhow::{Context, Result};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// `postgres` in the data folder; or, where the clusters' user cannot get there, a folder that it can,
/// with a link from the data folder to it.
pub fn base(data: &Path, owner: &Owner) -> Result<PathBuf> {
    let wanted = data.join("postgres");
    if let Ok(target) = std::fs::read_link(&wanted) {
        return Ok(target);
    }
    if !owner.is_other() {
        private_file::create_dir(&wanted)?;
        return Ok(wanted);
    }
    let place = if owner.reaches(data.parent().unwrap_or(data))? {
        set_mode(data, 0o711)?;
        wanted
    } else {
        let place = Path::new("/var/lib/cloud-portal")
            .join(short_hash(data))
            .join("postgres");
        std::fs::create_dir_all(&place).with_context(|| format!("making {}", place.display()))?;
        std::os::unix::fs::symlink(&place, &wanted)
            .with_context(|| format!("linking {}", wanted.display()))?;
        place
    };
    std::fs::create_dir_all(&place).with_context(|| format!("making {}", place.display()))?;
    set_mode(&place, 0o711)?;
    Ok(place)
}

/// A folder that only the clusters' user may enter.
pub fn give_closed(folder: &Path, owner: &Owner) -> Result<()> {
    private_file::create_dir(folder)?;
    owner.give(folder)
}

/// The folder of a socket that only the clusters' user, and root, may reach.
pub fn closed_socket(folder: &Path, port: u16, owner: &Owner) -> Result<PathBuf> {
    socket(folder, port, owner, 0o700)
}

/// The folder of a socket that everyone may knock at.
pub fn open_socket(folder: &Path, port: u16, owner: &Owner) -> Result<PathBuf> {
    socket(folder, port, owner, 0o711)
}

/// `socket` in the folder, or a short path instead.
fn socket(folder: &Path, port: u16, owner: &Owner, mode: u32) -> Result<PathBuf> {
    let place = socket_path::folder(folder.join("socket"), &format!(".s.PGSQL.{port}"));
    // Each time: a start that was ended in between may have left the folder half made.
    socket_path::create(&place)?;
    owner.give(&place)?;
    set_mode(&place, mode)?;
    Ok(place)
}

fn set_mode(folder: &Path, mode: u32) -> Result<()> {
    std::fs::set_permissions(folder, Permissions::from_mode(mode))
        .with_context(|| format!("setting who may pass through {}", folder.display()))
}
