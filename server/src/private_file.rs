//! Files and folders that only their owner may read.

use anyhow::{Context, Result};
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Makes a folder, and those above it, that only the owner may enter.
pub fn create_dir(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("making the folder {}", path.display()))
}

/// Writes a file that only the owner may read; it is there wholly or not at all.
pub fn write(path: &Path, content: &str) -> Result<()> {
    let doing = || format!("writing {}", path.display());
    let partial = path.with_extension("partial");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .with_context(doing)?;
    file.write_all(content.as_bytes()).with_context(doing)?;
    file.sync_all().with_context(doing)?;
    std::fs::rename(&partial, path).with_context(doing)?;
    // Its name too is on the disk: what a secret opens may be there already.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new("."))).with_context(doing)?;
    folder.sync_all().with_context(doing)
}

/// Reads a secret; none when the file is not there.
pub fn read(path: &Path) -> Result<Option<SecretString>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(SecretString::from(text.trim_end().to_owned()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Reads a secret, made now from 256 random bits when there is none yet.
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
    write(path, secret.expose_secret())?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

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
}
