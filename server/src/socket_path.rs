//! Where a unix socket lies: its path may have 107 bytes and no more.

use crate::private_file;
use anyhow::{Result, bail};
use sha2::{Digest, Sha256};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const PATH_AT_MOST: usize = 107;

/// The folder for a socket of that name: the one wanted, or a short one where that makes too long a path.
pub fn folder(wanted: PathBuf, file_name: &str) -> PathBuf {
    if wanted.as_os_str().len() + 1 + file_name.len() <= PATH_AT_MOST {
        return wanted;
    }
    let base = if rustix::process::getuid().is_root() {
        "/run"
    } else {
        "/tmp"
    };
    Path::new(base).join(format!("cloud-portal-{}", short_hash(&wanted)))
}

/// Makes the folder; one that somebody else has put in its place is refused.
pub fn create(folder: &Path) -> Result<()> {
    private_file::create_dir(folder)?;
    let own = rustix::process::getuid();
    // Of a link, both it and what it leads to: in a folder for everyone, anyone may have put it there.
    let of_others = |meta: Metadata| meta.uid() != own.as_raw();
    if !own.is_root() && (of_others(folder.symlink_metadata()?) || of_others(folder.metadata()?)) {
        bail!(
            "{} belongs to somebody else; remove it, or set PORTAL_DATA to a shorter path",
            folder.display()
        );
    }
    Ok(())
}

/// Twelve digits that stand for a path.
pub fn short_hash(path: &Path) -> String {
    hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paths_get_a_short_place_of_their_own() {
        let wanted = PathBuf::from("/srv/portal/cell");
        assert_eq!(folder(wanted.clone(), "cell.sock"), wanted);
        let [one, other] = ["a", "b"].map(|last| {
            folder(
                PathBuf::from(format!("/{}/{last}", "x".repeat(120))),
                "cell.sock",
            )
        });
        assert!(one.as_os_str().len() < 60, "{one:?}");
        assert_ne!(one, other);
    }
}
