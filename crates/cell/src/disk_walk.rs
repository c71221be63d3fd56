//! What a tenant's folder takes of the disk, counted in slices that cost little each.
//!
//! The tenant changes it meanwhile and may mean harm: no link is followed, nothing outside is reached, and a
//! folder without end takes many slices, never a long one. Files count by the blocks that they take, so a hole
//! costs nothing; one with several names counts once.

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat2, statat};
use rustix::io::Errno;
use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The blocks that the kernel counts in, bytes.
const BLOCK: u64 = 512;

/// Folders that may wait to be looked into, and names that are remembered.
const MOST_REMEMBERED: usize = 1 << 18;
/// Bytes of the paths of folders that wait.
const MOST_WAITING_BYTES: usize = 32 << 20;

/// A count under way.
#[derive(Debug)]
pub struct Walk {
    root: OwnedFd,
    device: u64,
    open: Option<(PathBuf, Dir)>,
    waiting: Vec<PathBuf>,
    waiting_bytes: usize,
    linked: HashSet<u64>,
    /// Whether something was left out: paths are too long, or too many folders wait.
    pub incomplete: bool,
    /// Bytes so far.
    pub bytes: u64,
    /// Files and folders so far.
    pub files: u64,
}

impl Walk {
    /// Begins with what is directly in `root`.
    pub fn begin(root: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root = rustix::fs::open(root, flags, Mode::empty())?;
        let stat = fstat(&root)?;
        Ok(Self {
            root,
            device: stat.st_dev,
            open: None,
            waiting: vec![PathBuf::new()],
            waiting_bytes: 0,
            linked: HashSet::new(),
            incomplete: false,
            bytes: blocks(stat.st_blocks),
            files: 0,
        })
    }

    /// Counts up to `entries` more; whether everything is counted.
    pub fn slice(&mut self, entries: usize) -> bool {
        for _ in 0..entries {
            let Some((path, mut folder)) = self.open.take().or_else(|| self.next_folder()) else {
                return true;
            };
            match folder.read() {
                Some(Ok(entry)) => {
                    let name = entry.file_name();
                    if name != c"." && name != c".." {
                        self.count(&path, &folder, name);
                    }
                    self.open = Some((path, folder));
                }
                // A folder that can be read no further is left: the next walk begins anew.
                Some(Err(error)) => self.note_left_out(error),
                None => {}
            }
        }
        false
    }

    fn count(&mut self, path: &Path, folder: &Dir, name: &std::ffi::CStr) {
        let found = folder
            .fd()
            .and_then(|fd| statat(fd, name, AtFlags::SYMLINK_NOFOLLOW));
        // It may be gone by now.
        let Ok(found) = found else { return };
        self.files += 1;
        let is_folder = FileType::from_raw_mode(found.st_mode) == FileType::Directory;
        if found.st_dev != self.device {
            return;
        }
        if !is_folder
            && found.st_nlink > 1
            && self.linked.len() < MOST_REMEMBERED
            && !self.linked.insert(found.st_ino)
        {
            return;
        }
        self.bytes = self.bytes.saturating_add(blocks(found.st_blocks));
        if is_folder {
            let path = path.join(std::ffi::OsStr::from_bytes(name.to_bytes()));
            let bytes = self.waiting_bytes + path.as_os_str().len();
            if self.waiting.len() >= MOST_REMEMBERED || bytes > MOST_WAITING_BYTES {
                self.incomplete = true;
                return;
            }
            self.waiting_bytes = bytes;
            self.waiting.push(path);
        }
    }

    /// What went away meanwhile, or is no folder of this disk, leaves nothing out.
    fn note_left_out(&mut self, error: Errno) {
        let gone = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::XDEV];
        self.incomplete |= !gone.contains(&error);
    }

    fn next_folder(&mut self) -> Option<(PathBuf, Dir)> {
        while let Some(path) = self.waiting.pop() {
            self.waiting_bytes -= path.as_os_str().len();
            let name = if path.as_os_str().is_empty() {
                Path::new(".")
            } else {
                &path
            };
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let within = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            let folder = openat2(&self.root, name, flags, Mode::empty(), within).and_then(Dir::new);
            match folder {
                Ok(folder) => return Some((path, folder)),
                Err(error) => self.note_left_out(error),
            }
        }
        None
    }
}

fn blocks(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0).saturating_mul(BLOCK)
}

#[cfg(test)]
mod tests {
    use super::Walk;
    use std::fs::{File, create_dir_all, hard_link, write};
    use std::os::unix::fs::symlink;
    use std::path::Path;

    fn counted(folder: &Path) -> (u64, u64) {
        let mut walk = Walk::begin(folder).expect("a folder");
        let mut slices = 0;
        while !walk.slice(3) {
            slices += 1;
            assert!(slices < 1000, "it ends");
        }
        (walk.bytes, walk.files)
    }

    #[test]
    fn a_path_that_is_too_long_is_said_to_be_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let [top, next] = ["top", "next"].map(|name| folder.path().join(name));
        std::fs::create_dir(&top).expect("made");
        for deep in 0..30 {
            let mut walk = Walk::begin(folder.path()).expect("a folder");
            while !walk.slice(3) {}
            assert_eq!(walk.incomplete, deep > 20, "{deep}");
            std::fs::create_dir(&next).expect("made");
            std::fs::rename(&top, next.join("a".repeat(200))).expect("put into it");
            std::fs::rename(&next, &top).expect("named");
        }
    }

    #[test]
    fn holes_and_second_names_cost_nothing_and_links_lead_nowhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
        create_dir_all(inside.join("a/b")).expect("folders");
        create_dir_all(&outside).expect("a folder");
        write(outside.join("other"), vec![7; 4 << 20]).expect("written");
        let (empty, _) = counted(&inside);
        write(inside.join("a/b/data"), vec![7; 1 << 20]).expect("written");
        hard_link(inside.join("a/b/data"), inside.join("second")).expect("linked");
        let hole = File::create(inside.join("hole")).expect("made");
        hole.set_len(1 << 40).expect("grown");
        symlink(&outside, inside.join("link")).expect("linked");
        File::open(inside.join("a/b/data"))
            .expect("opened")
            .sync_all()
            .expect("on disk");
        let (bytes, files) = counted(&inside);
        let grown = bytes - empty;
        assert!((1 << 20..2 << 20).contains(&grown), "{grown}");
        assert_eq!(files, 6, "a, b, data, second, hole, link");
    }
}
