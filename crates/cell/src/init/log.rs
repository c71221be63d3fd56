//! The runtime's log: a file and its predecessor, each of limited size.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The size at which a new file is begun.
const LARGEST: u64 = 5 << 20;

/// The log that is being written.
pub struct Log {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Log {
    /// Begins or continues the log in `folder`.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join("log");
        let file = append(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { path, file, size })
    }

    /// Adds to the log. A full disk costs lines, never the runtime.
    pub fn write(&mut self, bytes: &[u8]) {
        if self.file.write_all(bytes).is_err() {
            return;
        }
        self.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        // Only at a line's end, so that no line is torn apart.
        if self.size >= LARGEST && bytes.ends_with(b"\n") {
            drop(self.rotate());
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        std::fs::rename(&self.path, self.path.with_extension("1"))?;
        self.file = append(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, Log};

    #[test]
    fn a_full_file_becomes_the_predecessor() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut log = Log::open(folder.path()).expect("open");
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        for _ in 0..=3 * (LARGEST / 1024) {
            log.write(&line);
        }
        let size = |name| {
            std::fs::metadata(folder.path().join(name))
                .expect("there")
                .len()
        };
        assert_eq!(size("log.1"), LARGEST);
        assert_eq!(size("log"), 1024);
        assert_eq!(
            std::fs::read_dir(folder.path()).expect("a folder").count(),
            2
        );
    }
}
