//! Files and folders that only their owner may read.

use anyhow::{Context, Result};
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use tempfile::NamedTempFile;

/// Makes a folder, and those above it, that only the owner may enter.
pub fn create_dir(path: &Path) -> Result<()> {
    make_dir(path).with_context(|| format!("making the folder {}", path.display()))
}

/// A folder that was made stays made: its name is on the disk too.
fn make_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = folder(path);
    if above != path {
        make_dir(above)?;
    }
    let mut builder = DirBuilder::new();
    match builder.mode(0o700).create(path) {
        Ok(()) => sync_folder(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes a file that only the owner may read; it is there wholly or not at all.
pub fn write(path: &Path, content: &str) -> Result<()> {
    let written = aside(path, content).and_then(|aside| {
        let moved = aside.persist(path);
        moved.map_err(io::Error::from)?;
        sync_folder(path)
    });
    written.with_context(|| format!("writing {}", path.display()))
}

/// Writes a file unless there is one already; whether it did. Of many at once one does.
fn write_new(path: &Path, content: &str) -> Result<bool> {
    let written = aside(path, content).and_then(|aside| match aside.persist_noclobber(path) {
        Ok(_) => sync_folder(path).map(|()| true),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    });
    written.with_context(|| format!("writing {}", path.display()))
}

/// The content on the disk, in a file of its own beside the one it is for; it goes when it is dropped.
fn aside(path: &Path, content: &str) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".partial-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder(path))?;
    file.write_all(content.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Puts a file's name on the disk too: what a secret opens may be there already.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent();
    let named = folder.filter(|folder| !folder.as_os_str().is_empty());
    named.unwrap_or(Path::new("."))
}

/// Reads a secret; none when the file is not there.
pub fn read(path: &Path) -> Result<Option<SecretString>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(SecretString::from(text.trim_end().to_owned()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Reads a secret, made now from 256 random bits when there is none yet. Of many programs at once one makes it,
/// and all have the same.
pub fn read_or_generate(path: &Path) -> Result<SecretString> {
    if let Some(secret) = read(path)?.filter(|secret| !secret.expose_secret().is_empty()) {
        return Ok(secret);
    }
    if let Some(folder) = path.parent() {
        create_dir(folder)?;
    }
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    let secret = SecretString::from(hex::encode(bytes));
    if write_new(path, secret.expose_secret())? {
        return Ok(secret);
    }
    let made = read(path)?.filter(|made| !made.expose_secret().is_empty());
    made.with_context(|| {
        format!(
            "{} is empty; restore it from a backup, or delete it to have it made anew",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::process::{Command, Stdio};
    use std::sync::Barrier;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secrets/key");
        let first = read_or_generate(&path).expect("made");
        let second = read_or_generate(&path).expect("read");
        assert_eq!(first.expose_secret(), second.expose_secret());
        assert_eq!(first.expose_secret().len(), 64);
        let mode = std::fs::metadata(&path)
            .expect("is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    #[test]
    fn many_at_once_have_one_secret() {
        for _ in 0..50 {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("secrets/key");
            let begin = Barrier::new(8);
            let secrets: BTreeSet<String> = std::thread::scope(|scope| {
                let made: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(|| {
                            begin.wait();
                            read_or_generate(&path)
                                .expect("made")
                                .expose_secret()
                                .to_owned()
                        })
                    })
                    .collect();
                made.into_iter()
                    .map(|it| it.join().expect("no panic"))
                    .collect()
            });
            assert_eq!(secrets.len(), 1, "each has a key of its own");
            let files = std::fs::read_dir(folder.path().join("secrets")).expect("a folder");
            assert_eq!(files.count(), 1, "nothing is left aside");
        }
    }

    const SECRET_OF_ANOTHER: &str = "SECRET_OF_ANOTHER";

    /// Run by the next test in processes of their own; by itself it makes nothing.
    #[test]
    fn another_process_makes_a_secret() {
        if let Some(path) = std::env::var_os(SECRET_OF_ANOTHER) {
            let secret = read_or_generate(Path::new(&path)).expect("made");
            println!("secret={}", secret.expose_secret());
        }
    }

    #[test]
    fn many_processes_have_one_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = std::env::current_exe().expect("this program");
        for round in 0..5 {
            let path = folder.path().join(format!("{round}/key"));
            let spawn = |_| {
                let mut other = Command::new(&program);
                other.args([
                    "--exact",
                    "--nocapture",
                    "private_file::tests::another_process_makes_a_secret",
                ]);
                other.env(SECRET_OF_ANOTHER, &path).stdout(Stdio::piped());
                other.spawn().expect("a process")
            };
            let others: Vec<_> = (0..4).map(spawn).collect();
            let secrets: BTreeSet<String> = others
                .into_iter()
                .map(|other| {
                    let said = other.wait_with_output().expect("it ends").stdout;
                    let said = String::from_utf8(said).expect("text");
                    let secret = said.split("secret=").nth(1).expect("a secret");
                    secret.chars().take(64).collect()
                })
                .collect();
            assert_eq!(secrets.len(), 1, "each has a key of its own");
        }
    }
}
