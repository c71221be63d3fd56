//! Files that are whole or absent, whatever happens while they are written.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use tokio::runtime::{Handle, RuntimeFlavor};

/// Does what may wait for the disk; meanwhile another thread carries on what this one would have:
/// the same threads pass on requests.
#[expect(
    clippy::disallowed_methods,
    reason = "what is written must be on disk before a caller goes on, and callers do not await"
)]
pub fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// Makes a folder only its owner may look into, and its parents.
pub fn private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Writes `value` as JSON, readable by the owner alone; readers see the old file or the new one.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(value)?;
    write(path, &text)
}

/// Writes a file, readable by the owner alone; readers see the old file or the new one, also after a power cut.
pub fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    aside(|| replace(path, text))
}

/// Reads JSON; `None` when there is no such file.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a file; one that is not there is as good as removed.
pub fn remove_file(path: &Path) -> io::Result<()> {
    absent_is_done(std::fs::remove_file(path))
}

/// Removes a folder with all it holds; one that is not there is as good as removed.
///
/// By the system's own program: an app may have made folders in folders without end, each of which costs the
/// standard library's way a frame of the stack and an open file.
pub fn remove_dir(path: &Path) -> io::Result<()> {
    aside(|| {
        let removed = Command::new("rm").args(["-rf", "--"]).arg(path).output()?;
        if removed.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&removed.stderr);
        Err(io::Error::other(format!("rm: {}", said.trim())))
    })
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(text)?;
    file.sync_all()?;
    rename(&temporary, path)
}

/// Gives what is on the disk already another name in its folder, also after a power cut.
pub fn rename(path: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(path, to)?;
    if let Some(parent) = to.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

fn absent_is_done(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{aside, read_json, remove_dir, write_json};
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    #[test]
    fn a_written_file_is_private_and_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.json");
        assert_eq!(read_json::<Vec<u8>>(&path).expect("no file"), None);
        write_json(&path, &vec![1_u8, 2]).expect("written");
        write_json(&path, &vec![3_u8]).expect("written again");
        assert_eq!(read_json(&path).expect("read"), Some(vec![3_u8]));
        let mode = path.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn folders_in_folders_without_end_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let [top, next] = ["top", "next"].map(|name| folder.path().join(name));
        std::fs::create_dir(&top).expect("made");
        for _ in 0..20_000 {
            std::fs::create_dir(&next).expect("made");
            std::fs::rename(&top, next.join("a")).expect("put into it");
            std::fs::rename(&next, &top).expect("named");
        }
        remove_dir(&top).expect("removed");
        assert!(!top.exists());
        remove_dir(&top).expect("what is not there is as good as removed");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_wait_for_the_disk_holds_up_nobody_else() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let waits = tokio::spawn(async move {
            tokio::spawn(async move { sender.send(()) });
            // The only worker waits here for what another task does.
            aside(|| receiver.recv_timeout(Duration::from_mins(1)))
        });
        waits.await.expect("no panic").expect("the other task ran");
    }
}
