//! Keeps the logs of what was started bounded, whatever their writers are brought to say.
//!
//! PostgreSQL and the cell write to a file that they hold open and that outlives the portal. So it is not
//! renamed under them: its end is copied beside it, and it is emptied. They append, and go on at its new end.

use super::part::Part;
use anyhow::Result;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::sleep;

/// The size at which a log is emptied, bytes.
const LARGEST: u64 = 16 << 20;
/// How much of its end is kept beside it.
const KEPT: u64 = 8 << 20;
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The logs in a folder.
pub struct Logs {
    folder: PathBuf,
}

impl Logs {
    /// All that end in `.log` in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }
}

impl Part for Logs {
    async fn start(&mut self) -> Result<()> {
        Ok(())
    }

    async fn keep_running(&mut self) -> Result<()> {
        loop {
            let folder = self.folder.clone();
            tokio::task::spawn_blocking(move || bound(&folder, LARGEST, KEPT)).await??;
            sleep(LOOK_EVERY).await;
        }
    }

    async fn stop(self) -> Result<()> {
        Ok(())
    }
}

/// Empties every log in `folder` that is larger than `largest`; the last `kept` bytes go to a file beside it.
pub fn bound(folder: &Path, largest: u64, kept: u64) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let (path, found) = match entry.and_then(|it| Ok((it.path(), it.metadata()?))) {
            Ok(found) => found,
            // It may be gone by now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if found.is_file()
            && found.len() > largest
            && path.extension().is_some_and(|it| it == "log")
        {
            empty(&path, kept)?;
        }
    }
    Ok(())
}

fn empty(path: &Path, kept: u64) -> io::Result<()> {
    let mut log = OpenOptions::new().read(true).write(true).open(path)?;
    let start = log.metadata()?.len().saturating_sub(kept);
    log.seek(SeekFrom::Start(start))?;
    // Where the copy cannot be made, or the disk has no room for it, the log is emptied all the same.
    let copied = private(&path.with_extension("log.1"))
        .and_then(|mut beside| io::copy(&mut (&mut log).take(kept), &mut beside));
    log.set_len(0)?;
    if let Err(error) = copied {
        let log = path.display();
        tracing::warn!(%error, %log, "a log was emptied, and its end could not be kept beside it");
    }
    Ok(())
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::bound;
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    #[test]
    fn a_log_stays_small_while_its_writer_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("postgres-apps.log");
        let mut options = OpenOptions::new();
        let mut writer = options
            .create(true)
            .append(true)
            .open(&path)
            .expect("opened");
        for round in 0..100 {
            let line = format!("{round:03} {}\n", "x".repeat(995));
            writer.write_all(line.as_bytes()).expect("written");
            bound(folder.path(), 10_000, 5_000).expect("bounded");
            assert!(fs::metadata(&path).expect("there").len() <= 10_000);
        }
        let kept = fs::read_to_string(folder.path().join("postgres-apps.log.1")).expect("kept");
        assert_eq!(kept.len(), 5_000);
        let now = fs::read_to_string(&path).expect("read");
        assert!(now.contains("\n099 x") || now.starts_with("099 x"), "{now}");
        fs::remove_file(folder.path().join("postgres-apps.log.1")).expect("removed");
        fs::create_dir(folder.path().join("postgres-apps.log.1")).expect("in the way");
        fs::write(&path, vec![b'x'; 20_000]).expect("written");
        bound(folder.path(), 10_000, 5_000).expect("bounded");
        assert_eq!(
            fs::metadata(&path).expect("there").len(),
            0,
            "emptied all the same"
        );
        fs::write(folder.path().join("notes.txt"), vec![7; 20_000]).expect("written");
        bound(folder.path(), 10_000, 5_000).expect("bounded");
        let other = fs::metadata(folder.path().join("notes.txt")).expect("there");
        assert_eq!(other.len(), 20_000, "no log");
    }
}
