//! The runtime's log: a file and its predecessor, each of limited size. What is dropped is counted and said.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The size at which a new file is begun, at the next end of a line.
const LARGEST: u64 = 5 << 20;
/// The size at which it is begun in the middle of a line.
const LARGEST_WITHOUT_END: u64 = 2 * LARGEST;

/// The log that is being written.
pub struct Log {
    path: PathBuf,
    file: File,
    size: u64,
    /// Bytes that are gone since this was said last: of older lines, and of what the disk did not take.
    dropped: u64,
    unwritten: u64,
}

impl Log {
    /// Begins or continues the log in `folder`.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join("log");
        let file = append(&path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            path,
            file,
            size,
            dropped: 0,
            unwritten: 0,
        })
    }

    /// Adds to the log. A full disk costs lines, never the runtime.
    pub fn write(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        // At a line's end, so that no line is torn apart.
        if self.size + length(bytes) >= LARGEST
            && let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n')
        {
            let (lines, begun) = bytes.split_at(end + 1);
            self.put(lines);
            self.rotate();
            rest = begun;
        }
        self.put(rest);
        if self.size >= LARGEST_WITHOUT_END {
            self.rotate();
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut text = Vec::new();
        for (count, what) in [
            (self.dropped, "bytes of older lines were dropped"),
            (self.unwritten, "bytes could not be written"),
        ] {
            if count > 0 {
                text.extend_from_slice(format!("… {count} {what} …\n").as_bytes());
            }
        }
        text.extend_from_slice(bytes);
        if self.file.write_all(&text).is_err() {
            self.unwritten += length(bytes);
            return;
        }
        self.size += length(&text);
        (self.dropped, self.unwritten) = (0, 0);
    }

    fn rotate(&mut self) {
        let before = self.path.with_extension("1");
        let gone = before.symlink_metadata().map_or(0, |found| found.len());
        let next = std::fs::rename(&self.path, before).and_then(|()| append(&self.path));
        if let Ok(file) = next {
            self.file = file;
            self.size = 0;
            self.dropped += gone;
        }
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, LARGEST_WITHOUT_END, Log};
    use std::fs::File;
    use std::path::Path;

    fn size(folder: &Path, name: &str) -> u64 {
        folder.join(name).metadata().expect("there").len()
    }

    #[test]
    fn a_full_file_becomes_the_predecessor_and_what_is_dropped_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut log = Log::open(folder.path()).expect("open");
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        for _ in 0..2 * (LARGEST / 1024) {
            log.write(&line);
        }
        assert_eq!(
            (size(folder.path(), "log.1"), size(folder.path(), "log")),
            (LARGEST, 0)
        );
        log.write(&line);
        let text = std::fs::read_to_string(folder.path().join("log")).expect("there");
        let said = format!("… {LARGEST} bytes of older lines were dropped …");
        assert_eq!(text.lines().next(), Some(&*said));
        assert_eq!(text.lines().count(), 2);
        let left = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 2);
    }

    #[test]
    fn what_has_no_line_ends_cannot_grow_a_file_without_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut log = Log::open(folder.path()).expect("open");
        let chunk = b"x".repeat(64 << 10);
        for _ in 0..800 {
            log.write(&chunk);
        }
        for name in ["log", "log.1"] {
            let size = size(folder.path(), name);
            assert!(size <= LARGEST_WITHOUT_END + (64 << 10), "{name}: {size}");
        }
    }

    #[test]
    fn a_flood_of_lines_is_parted_at_their_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut log = Log::open(folder.path()).expect("open");
        // Chunks that never end where a line ends.
        let mut text = b"a line\n".repeat(10_000);
        text.extend_from_slice(b"half");
        for _ in 0..200 {
            log.write(&text);
        }
        let before = std::fs::read(folder.path().join("log.1")).expect("there");
        assert!(before.ends_with(b"a line\n"));
        assert!(before.len() < usize::try_from(LARGEST).expect("small") + text.len());
    }

    #[test]
    fn what_a_full_disk_did_not_take_is_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut log = Log::open(folder.path()).expect("open");
        let full = File::options()
            .append(true)
            .open("/dev/full")
            .expect("there");
        let file = std::mem::replace(&mut log.file, full);
        log.write(b"lost\n");
        log.file = file;
        log.write(b"kept\n");
        let text = std::fs::read_to_string(folder.path().join("log")).expect("there");
        assert_eq!(text, "… 5 bytes could not be written …\nkept\n");
    }
}
