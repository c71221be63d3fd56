//! Files that have no name any more and are open still: they take room until they are closed.

use crate::file_limit::family;
use crate::process::Identity;
use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The blocks that the kernel counts in, bytes.
const BLOCK: u64 = 512;

/// Bytes of such files on the disk of `folder`, opened by these processes or by what descends from them; each file
/// counts once.
pub fn bytes(folder: &Path, firsts: impl Iterator<Item = Identity>) -> u64 {
    let Ok(device) = folder.metadata().map(|it| it.dev()) else {
        return 0;
    };
    let (mut seen, mut bytes) = (HashSet::new(), 0_u64);
    for pid in firsts.filter(|it| it.runs()).flat_map(|it| family(it.pid)) {
        // What has ended meanwhile has nothing open.
        let open = std::fs::read_dir(format!("/proc/{pid}/fd"));
        for descriptor in open.into_iter().flatten().flatten() {
            let Ok(file) = descriptor.path().metadata() else {
                continue;
            };
            if file.nlink() == 0 && file.dev() == device && seen.insert(file.ino()) {
                bytes = bytes.saturating_add(file.blocks().saturating_mul(BLOCK));
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::bytes;
    use crate::process::Identity;
    use std::fs::{File, remove_file};
    use std::io::Write;

    #[test]
    fn an_open_file_without_a_name_counts_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hidden");
        let own = Identity::of(std::process::id()).expect("runs");
        let mut file = File::create(&path).expect("made");
        file.write_all(&vec![7; 32 << 20]).expect("written");
        file.sync_all().expect("on disk");
        remove_file(&path).expect("removed");
        let _again = file.try_clone().expect("open twice");
        // Other tests of this program may have such files open as well, though none as large.
        let found = bytes(folder.path(), [own, own].into_iter());
        assert!((32 << 20..60 << 20).contains(&found), "{found}");
    }
}
