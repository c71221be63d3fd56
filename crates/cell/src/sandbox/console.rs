//! Where a sandbox itself, not the runtime in it, says what is wrong.

use crate::words;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The most that is read of it.
const LOOKED_AT: u64 = 64 << 10;

/// The console's file in the folder of an instance.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("console")
}

/// Opens the console for the sandbox to write to.
pub fn open(folder: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path(folder))
}

/// The last line of what the sandbox said, if it said anything.
pub fn last_line(folder: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let file = File::open(path(folder)).ok()?;
    file.take(LOOKED_AT).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let last = text.trim().lines().next_back()?;
    Some(words::reason(last))
}

/// The same as [`last_line`], for a sentence.
pub fn words(folder: &Path) -> String {
    last_line(folder).unwrap_or_else(|| "it said nothing".to_owned())
}
