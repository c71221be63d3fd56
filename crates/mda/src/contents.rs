//! The data of a package: every byte is unpacked, counted and checked.

use crate::METADATA_BYTES;
use crate::archive::Archive;
use crate::directory::Entry;
use crate::limits::Limits;
use crate::metadata;
use crate::refusal::{Refusal, Rule};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zip::ZipArchive;

/// Bytes that come out between two questions whether to go on.
const ASKED_EVERY: u64 = 8 << 20;
/// Entries between two such questions.
const ASKED_EVERY_ENTRIES: usize = 256;

pub(crate) struct Contents {
    pub(crate) metadata: Vec<u8>,
    pub(crate) files: u64,
    pub(crate) unpacked_bytes: u64,
}

/// Unpacks everything to nowhere, but for the metadata.
pub(crate) fn read(archive: &Archive, limits: &Limits) -> Result<Contents, Refusal> {
    let mut reader = open(archive)?;
    let mut budget = Budget::new(archive, limits, &|| Ok(()));
    let mut found = None;
    let mut files = 0;
    for (index, entry) in archive.entries.iter().enumerate() {
        if entry.is_folder() {
            continue;
        }
        files += 1;
        if entry.name == metadata::FILE {
            if entry.bytes > METADATA_BYTES {
                return Err(metadata::too_large());
            }
            let mut text = Vec::new();
            budget.copy(&mut reader, index, entry, &mut text)?;
            found = Some(text);
        } else {
            budget.copy(&mut reader, index, entry, &mut io::sink())?;
        }
    }
    Ok(Contents {
        metadata: found.ok_or_else(|| metadata::missing(&archive.entries))?,
        files,
        unpacked_bytes: budget.spent,
    })
}

/// Unpacks `model/` and `web/` into `into`.
pub(crate) fn unpack(
    archive: &Archive,
    into: &Path,
    limits: &Limits,
    may_go_on: &dyn Fn() -> io::Result<()>,
) -> Result<(), Refusal> {
    check_empty(into)?;
    let mut reader = open(archive)?;
    let mut budget = Budget::new(archive, limits, may_go_on);
    for (index, entry) in archive.entries.iter().enumerate() {
        if index % ASKED_EVERY_ENTRIES == 0 {
            may_go_on().map_err(|source| Refusal::writing(&entry.name, source))?;
        }
        let path = entry.path();
        let mut parts = path.split('/');
        let top = parts.next().unwrap_or_default();
        if top != "model" && top != "web" || (top == path && !entry.is_folder()) {
            continue;
        }
        let writing = |source| Refusal::writing(&entry.name, source);
        let folder = if entry.is_folder() {
            Some(path)
        } else {
            path.rsplit_once('/').map(|p| p.0)
        };
        make_folders(into, folder.unwrap_or_default()).map_err(writing)?;
        if entry.is_folder() {
            continue;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(into.join(path))
            .map_err(writing)?;
        budget.copy(&mut reader, index, entry, &mut file)?;
        file.set_permissions(Permissions::from_mode(0o644))
            .map_err(writing)?;
    }
    Ok(())
}

fn check_empty(into: &Path) -> Result<(), Refusal> {
    let writing = |source| Refusal::writing(&into.display().to_string(), source);
    if !into.symlink_metadata().map_err(writing)?.is_dir() {
        return Err(writing(io::ErrorKind::NotADirectory.into()));
    }
    match into.read_dir().map_err(writing)?.next() {
        None => Ok(()),
        Some(_) => Err(writing(io::ErrorKind::DirectoryNotEmpty.into())),
    }
}

fn make_folders(into: &Path, relative: &str) -> io::Result<()> {
    let mut folder = into.to_path_buf();
    for part in relative.split('/').filter(|part| !part.is_empty()) {
        folder.push(part);
        match DirBuilder::new().mode(0o755).create(&folder) {
            Ok(()) => std::fs::set_permissions(&folder, Permissions::from_mode(0o755))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !folder.symlink_metadata()?.is_dir() {
                    return Err(io::ErrorKind::NotADirectory.into());
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Unbuffered: each entry is sought anew, which would throw a buffer away every time.
type Reader<'a> = ZipArchive<&'a File>;

fn open(archive: &Archive) -> Result<Reader<'_>, Refusal> {
    let reader = ZipArchive::new(&archive.file).map_err(Refusal::inconsistent)?;
    if reader.len() == archive.entries.len() {
        Ok(reader)
    } else {
        Err(Refusal::inconsistent(
            "its entries can be counted in two ways",
        ))
    }
}

/// What has come out so far, and how much may.
struct Budget<'a> {
    limits: &'a Limits,
    package_bytes: u64,
    spent: u64,
    piece: Vec<u8>,
    may_go_on: &'a dyn Fn() -> io::Result<()>,
    asked_at: u64,
}

impl<'a> Budget<'a> {
    fn new(
        archive: &Archive,
        limits: &'a Limits,
        may_go_on: &'a dyn Fn() -> io::Result<()>,
    ) -> Self {
        Self {
            limits,
            package_bytes: archive.bytes,
            spent: 0,
            piece: vec![0; 1 << 16],
            may_go_on,
            asked_at: 0,
        }
    }

    fn copy(
        &mut self,
        reader: &mut Reader<'_>,
        index: usize,
        entry: &Entry,
        into: &mut impl Write,
    ) -> Result<(), Refusal> {
        let broken = |error: &dyn std::fmt::Display| {
            Refusal::inconsistent(format_args!(
                "“{}” cannot be unpacked ({error})",
                entry.name
            ))
        };
        let mut data = reader.by_index(index).map_err(|error| broken(&error))?;
        if data.header_start() != entry.header_start || data.name_raw() != entry.name.as_bytes() {
            return Err(broken(&"its name can be read in two ways"));
        }
        let mut came_out = 0;
        loop {
            let read = match data.read(&mut self.piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(&error)),
            };
            came_out += read as u64;
            self.spent += read as u64;
            self.check(entry, came_out)?;
            self.ask(entry)?;
            into.write_all(&self.piece[..read])
                .map_err(|source| Refusal::writing(&entry.name, source))?;
        }
        if came_out == entry.bytes {
            Ok(())
        } else {
            Err(broken(&"it has another size than the directory says"))
        }
    }

    /// Asks, from time to time, whether the caller still wants what comes out.
    fn ask(&mut self, entry: &Entry) -> Result<(), Refusal> {
        if self.asked_at > 0 && self.spent - self.asked_at < ASKED_EVERY {
            return Ok(());
        }
        self.asked_at = self.spent;
        (self.may_go_on)().map_err(|source| Refusal::writing(&entry.name, source))
    }

    fn check(&self, entry: &Entry, came_out: u64) -> Result<(), Refusal> {
        let limits = self.limits;
        if came_out > limits.entry_bytes {
            return Err(Refusal::new(
                Rule::UnpackedSize,
                format!(
                    "“{}” unpacks to more than {} bytes, the most a single file may have. Make it \
                     smaller.",
                    entry.name, limits.entry_bytes
                ),
            ));
        }
        if self.spent > limits.unpacked_bytes {
            return Err(Refusal::new(
                Rule::UnpackedSize,
                format!(
                    "The package unpacks to more than {} bytes. Make it smaller, or ask an \
                     administrator for a higher limit.",
                    limits.unpacked_bytes
                ),
            ));
        }
        if self.spent > limits.ratio_from && self.spent / limits.ratio > self.package_bytes {
            return Err(Refusal::new(
                Rule::Ratio,
                format!(
                    "The package unpacks to over {} times its own size, as only an archive made \
                     to fill a disk does; “{}” is where it does so. Remove it.",
                    limits.ratio, entry.name
                ),
            ));
        }
        Ok(())
    }
}
