//! Room on the disk that keeps packages: an upload must not take the last of it.
//!
//! By default PostgreSQL writes to the same disk, and ends when it cannot: an upload that filled it
//! would stop the portal and every app.

use crate::error::{Error, Result};
use domain::disk::reserve;
use std::path::Path;

/// Refuses unless `coming` more bytes fit on the disk of `file` and leave enough free.
pub(crate) fn check(file: &Path, coming: u64) -> Result<()> {
    let folder = file.parent().unwrap_or(file);
    let disk = rustix::fs::statvfs(folder).map_err(|error| Error::Unavailable {
        text: "The disk that keeps packages does not say how much room it has. Nothing was kept; an operator must look."
            .to_owned(),
        source: Some(error.into()),
    })?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    if fits(bytes(disk.f_bavail), bytes(disk.f_blocks), coming) {
        return Ok(());
    }
    Err(Error::Unavailable {
        text: "The disk that keeps packages has too little room for this file. Nothing was kept; an operator must make room."
            .to_owned(),
        source: None,
    })
}

fn fits(free: u64, size: u64, coming: u64) -> bool {
    free >= reserve(size).saturating_add(coming)
}

#[cfg(test)]
mod tests {
    use super::{check, fits};
    use crate::error::Error;

    const GIB: u64 = 1 << 30;

    #[test]
    fn some_of_the_disk_stays_free() {
        assert!(fits(3 * GIB, 100 * GIB, GIB));
        assert!(!fits(3 * GIB, 100 * GIB, GIB + 1));
        assert!(!fits(2 * GIB - 1, 100 * GIB, 0));
        assert!(fits(GIB, 5 * GIB, GIB / 2), "a small disk");
        assert!(!fits(GIB, 5 * GIB, GIB / 2 + 1), "a small disk");
    }

    #[test]
    fn what_no_disk_can_hold_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("package.mda");
        check(&file, 0).expect("there is room for the tests");
        let refused = check(&file, u64::MAX);
        assert!(
            matches!(refused, Err(Error::Unavailable { .. })),
            "{refused:?}"
        );
    }
}
