//! Deployment packages (`.mda`): what one is, whether it may be accepted, and its unpacking.
//!
//! A package comes from people and is believed in nothing. It must be a plain zip archive whose
//! directory, local headers and data agree with each other; what it unpacks to is counted on the
//! bytes that really come out. Everything here blocks, and reads the file piece by piece: memory
//! use grows with the number of entries, which carry no comments and little else beside a name of
//! limited length, and the directory is at most 64 MiB long.

mod archive;
mod contents;
mod digest;
mod directory;
mod end_record;
mod local_headers;
mod names;

pub mod limits;
pub mod manifest;
pub mod metadata;
pub mod refusal;

use archive::Archive;
use limits::{Limits, Size};
use manifest::Manifest;
use refusal::Refusal;
use std::io;
use std::path::Path;

/// The largest metadata file that is looked at.
const METADATA_BYTES: u64 = 8 << 20;

/// What a file or folder takes at least on most disks, bytes.
const BLOCK: u64 = 4 << 10;

/// Checks the whole package and says what it is.
pub fn inspect(file: &Path, limits: &Limits) -> Result<Manifest, Refusal> {
    let archive = Archive::open(file, limits)?;
    let contents = contents::read(&archive, limits)?;
    let metadata = metadata::parse(&contents.metadata)?;
    Ok(Manifest {
        name: metadata.name,
        version: metadata.version,
        runtime_version: metadata.runtime_version,
        java_version: metadata.java_version,
        description: metadata.description,
        constants: metadata.constants,
        scheduled_events: metadata.scheduled_events,
        files: contents.files,
        unpacked_bytes: contents.unpacked_bytes,
        sha256: digest::sha256(file)?,
    })
}

/// Unpacks `model/` and `web/` into the existing, empty folder `into`.
///
/// Every file is made anew (0644, folders 0755) and no link is followed. When it is refused half
/// way, what was written stays for the caller to remove together with the folder.
pub fn unpack(file: &Path, into: &Path, limits: &Limits) -> Result<(), Refusal> {
    unpack_while(file, into, limits, &|| Ok(()))
}

/// [`unpack`], for as long as `may_go_on` says so; it is asked again and again, at least once in 8 MiB and once in
/// some hundred files.
pub fn unpack_while(
    file: &Path,
    into: &Path,
    limits: &Limits,
    may_go_on: &dyn Fn() -> io::Result<()>,
) -> Result<(), Refusal> {
    let archive = Archive::open(file, limits)?;
    contents::unpack(&archive, into, limits, may_go_on)
}

/// What a package unpacks to by its own directory. More never comes out of it: an entry that is larger than
/// the directory says is refused. Folders count also where they are named only as a part of others, and on the disk
/// everything takes whole blocks.
pub fn size(file: &Path, limits: &Limits) -> Result<Size, Refusal> {
    let archive = Archive::open(file, limits)?;
    let entries = archive.entries.iter();
    let files = entries.clone().filter(|it| !it.is_folder());
    let folders = archive.places - files.clone().count() as u64;
    let on_disk = files.fold(folders.saturating_mul(BLOCK), |sum, entry| {
        let blocks = entry.bytes.div_ceil(BLOCK);
        sum.saturating_add(blocks.saturating_mul(BLOCK))
    });
    Ok(Size {
        bytes: entries.fold(0, |sum, entry| sum.saturating_add(entry.bytes)),
        on_disk,
        entries: archive.places,
    })
}

/// SHA-256 of a file, lower-case hexadecimal.
pub fn sha256(file: &Path) -> Result<String, Refusal> {
    digest::sha256(file)
}
