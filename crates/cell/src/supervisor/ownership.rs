//! Folders handed over to the user id that an environment has.

use rustix::fs::{AtFlags, CWD, Gid, Mode, Uid};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

/// Makes a folder, if it is not there, that only `owner` may look into.
pub fn make(path: &Path, owner: Option<u32>) -> io::Result<()> {
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    hand_over(path, owner)
}

/// Gives a folder and what is in it to `owner`. No link is followed.
pub fn hand_over(path: &Path, owner: Option<u32>) -> io::Result<()> {
    let found = path.symlink_metadata()?;
    if !found.is_dir() {
        return Err(io::Error::other(format!(
            "{} is not a folder",
            path.display()
        )));
    }
    rustix::fs::chmod(path, Mode::RWXU)?;
    match owner {
        // What the owner made there since then is the owner's already.
        Some(owner) if found.uid() != owner => all(path, owner),
        _ => Ok(()),
    }
}

fn all(path: &Path, owner: u32) -> io::Result<()> {
    if path.symlink_metadata()?.is_dir() {
        for entry in std::fs::read_dir(path)? {
            all(&entry?.path(), owner)?;
        }
    }
    let (uid, gid) = (Uid::from_raw(owner), Gid::from_raw(owner));
    // The folder last: while it is not handed over, nobody else can change what is in it.
    rustix::fs::chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(())
}
