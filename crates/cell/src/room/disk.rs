//! Room on the disk: what may be written before the reserve is touched.
//!
//! PostgreSQL usually writes to the same disk, and ends when it cannot: the platform and every app with it.
//! What is about to be written claims its bytes, so that two at once do not both take what is there for one.

use domain::disk::{reserve, words};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Of the files that a disk can hold, this part is kept free.
const FILES_KEPT_PART: u64 = 20;

/// What a disk has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Free {
    /// Size of the disk, bytes.
    pub size: u64,
    /// Bytes that may be written before the reserve is touched.
    pub bytes: u64,
    /// Files that may be made.
    pub files: u64,
}

/// There is less room than something needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooLittle {
    /// Bytes.
    #[error(
        "it needs {} of disk; {} are free besides what is kept for the platform. Remove what is not needed, or ask an operator for more room",
        words(*needed),
        words(*free)
    )]
    Bytes {
        /// What it needs.
        needed: u64,
        /// What there is.
        free: u64,
    },
    /// Files.
    #[error("it has {needed} files, and the disk can hold {free} more; an operator must make room")]
    Files {
        /// What it needs.
        needed: u64,
        /// What there is.
        free: u64,
    },
}

/// The disk of a folder.
#[derive(Debug, Clone)]
pub struct DiskRoom {
    folder: PathBuf,
    reserve: Option<u64>,
    claimed: Arc<Mutex<u64>>,
}

impl DiskRoom {
    /// The disk of `folder`, of which `reserve` bytes stay free; without it as many as suit its size.
    pub fn new(folder: PathBuf, reserve: Option<u64>) -> Self {
        Self {
            folder,
            reserve,
            claimed: Arc::default(),
        }
    }

    /// What it has room for now.
    pub fn free(&self) -> io::Result<Free> {
        let disk = rustix::fs::statvfs(&self.folder)?;
        let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
        let size = bytes(disk.f_blocks);
        let kept = self.reserve.unwrap_or_else(|| reserve(size));
        Ok(Free {
            size,
            bytes: bytes(disk.f_bavail).saturating_sub(kept),
            // Some file systems make places for files as they need them, and say 0.
            files: match disk.f_files {
                0 => u64::MAX,
                all => disk.f_favail.saturating_sub(all / FILES_KEPT_PART),
            },
        })
    }

    /// Takes so much room for what is about to be written.
    pub fn claim(&self, bytes: u64, files: u64) -> io::Result<Result<Claim, TooLittle>> {
        let free = self.free()?;
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let left = free.bytes.saturating_sub(*claimed);
        Ok(if bytes > left {
            Err(TooLittle::Bytes {
                needed: bytes,
                free: left,
            })
        } else if files > free.files {
            Err(TooLittle::Files {
                needed: files,
                free: free.files,
            })
        } else {
            *claimed += bytes;
            Ok(Claim {
                bytes,
                claimed: Arc::clone(&self.claimed),
            })
        })
    }

    /// An error once the reserve is touched, by whomever.
    pub fn check(&self) -> io::Result<()> {
        let free = self.free()?;
        if free.bytes > 0 && free.files > 0 {
            return Ok(());
        }
        Err(io::ErrorKind::StorageFull.into())
    }
}

/// Room that is taken until this is dropped.
#[derive(Debug)]
pub struct Claim {
    bytes: u64,
    claimed: Arc<Mutex<u64>>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        *claimed -= self.bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::{DiskRoom, TooLittle};

    #[test]
    fn what_is_claimed_is_not_given_twice() {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = DiskRoom::new(folder.path().to_owned(), Some(0));
        // Half and a bit of a disk that others write to meanwhile.
        let half = disk.free().expect("asked").bytes / 5 * 3;
        let first = disk.claim(half, 1).expect("asked").expect("has room");
        let second = disk.claim(half, 1).expect("asked");
        assert!(matches!(second, Err(TooLittle::Bytes { .. })), "{second:?}");
        drop(first);
        disk.claim(half, 1).expect("asked").expect("has room again");
    }

    #[test]
    fn the_reserve_is_nobody_s() {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = DiskRoom::new(folder.path().to_owned(), Some(u64::MAX));
        assert_eq!(disk.free().expect("asked").bytes, 0);
        let refused = disk.claim(3 << 30, 1).expect("asked").expect_err("no room");
        let said = refused.to_string();
        assert!(
            said.contains("needs 3 GB") && said.contains("0 MB are free"),
            "{said}"
        );
        assert!(disk.check().is_err());
        let open = DiskRoom::new(folder.path().to_owned(), Some(0));
        open.check().expect("there is room for the tests");
    }
}
