//! The directory of a zip archive, read strictly.

use crate::end_record::{EndRecord, u16_at, u32_at, u64_at};
use crate::limits::Limits;
use crate::refusal::{Refusal, Rule};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

const ENTRY: [u8; 4] = *b"PK\x01\x02";
const ZIP64_FIELD: u16 = 0x0001;
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// What is read of the directory at all, bytes: some 600,000 entries, each of which costs memory.
const DIRECTORY_BYTES: u64 = 64 << 20;
/// Sizes beyond 32 bits, times and owners take less than 100.
const EXTRA_BYTES: u16 = 1 << 10;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// One file or folder, as the directory has it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) crc: u32,
    pub(crate) packed_bytes: u64,
    pub(crate) bytes: u64,
    pub(crate) header_start: u64,
}

impl Entry {
    pub(crate) fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }

    /// The name without the folder's final stroke.
    pub(crate) fn path(&self) -> &str {
        self.name.trim_end_matches('/')
    }
}

pub(crate) fn read(file: &File, end: &EndRecord, limits: &Limits) -> Result<Vec<Entry>, Refusal> {
    if end.entries > limits.files {
        return Err(Refusal::new(
            Rule::Entries,
            format!(
                "The package has {} entries; at most {} are allowed. Remove files that the app \
                 does not need.",
                end.entries, limits.files
            ),
        ));
    }
    if end.directory_bytes > DIRECTORY_BYTES {
        return Err(Refusal::new(
            Rule::Entries,
            format!(
                "The package's directory has {} bytes; at most {DIRECTORY_BYTES} are allowed. \
                 Remove files that the app does not need.",
                end.directory_bytes
            ),
        ));
    }
    let mut reader = BufReader::with_capacity(1 << 16, file);
    reader
        .seek(SeekFrom::Start(end.directory_start))
        .map_err(Refusal::reading)?;
    let mut reader = reader.take(end.directory_bytes);
    let mut entries = Vec::new();
    for _ in 0..end.entries {
        entries.push(entry(&mut reader, limits)?);
    }
    if reader.limit() == 0 {
        Ok(entries)
    } else {
        Err(Refusal::inconsistent(
            "its directory has more than the entries it counts",
        ))
    }
}

fn entry(reader: &mut impl Read, limits: &Limits) -> Result<Entry, Refusal> {
    let mut fixed = [0; 46];
    fill(reader, &mut fixed)?;
    if fixed[..4] != ENTRY {
        return Err(Refusal::inconsistent(
            "its directory has fewer entries than it counts",
        ));
    }
    let mut name = vec![0; usize::from(u16_at(&fixed, 28))];
    fill(reader, &mut name)?;
    check_extras(&name, u16_at(&fixed, 30), u16_at(&fixed, 32))?;
    let mut extra = vec![0; usize::from(u16_at(&fixed, 30))];
    fill(reader, &mut extra)?;
    let name = String::from_utf8(name).map_err(|error| {
        let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
        Refusal::new(
            Rule::Names,
            format!(
                "The name “{}” is not UTF-8. Create the package with UTF-8 names.",
                shown.escape_debug()
            ),
        )
    })?;
    crate::names::check(&name, limits)?;
    let mut entry = Entry {
        name,
        flags: u16_at(&fixed, 8),
        method: u16_at(&fixed, 10),
        crc: u32_at(&fixed, 16),
        packed_bytes: u64::from(u32_at(&fixed, 20)),
        bytes: u64::from(u32_at(&fixed, 24)),
        header_start: u64::from(u32_at(&fixed, 42)),
    };
    widen(&mut entry, &extra)?;
    check_kind(&entry, u32_at(&fixed, 38))?;
    check_readable(&entry)?;
    Ok(entry)
}

/// Refuses what nothing needs and readers keep in memory.
fn check_extras(name: &[u8], extra_bytes: u16, comment_bytes: u16) -> Result<(), Refusal> {
    let what = if comment_bytes > 0 {
        "has a comment".to_owned()
    } else if extra_bytes > EXTRA_BYTES {
        format!("has extra fields of {extra_bytes} bytes; at most {EXTRA_BYTES} are allowed")
    } else {
        return Ok(());
    };
    let shown: String = String::from_utf8_lossy(name).chars().take(80).collect();
    Err(Refusal::new(
        Rule::Extras,
        format!(
            "“{}” {what}. Create the package again, without comments and extra fields on its files.",
            shown.escape_debug()
        ),
    ))
}

/// Takes sizes and places that do not fit 32 bits from the ZIP64 field.
fn widen(entry: &mut Entry, extra: &[u8]) -> Result<(), Refusal> {
    let saturated = u64::from(u32::MAX);
    let wanted: Vec<&mut u64> = [
        &mut entry.bytes,
        &mut entry.packed_bytes,
        &mut entry.header_start,
    ]
    .into_iter()
    .filter(|value| **value == saturated)
    .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut field = zip64_field(extra).unwrap_or_default();
    for value in wanted {
        let Some((long, rest)) = field.split_at_checked(8) else {
            return Err(Refusal::inconsistent("a large entry has no ZIP64 size"));
        };
        *value = u64_at(long, 0);
        field = rest;
    }
    Ok(())
}

fn zip64_field(mut extra: &[u8]) -> Option<&[u8]> {
    while extra.len() >= 4 {
        let (head, rest) = extra.split_at(4);
        let (field, rest) = rest.split_at_checked(usize::from(u16_at(head, 2)))?;
        if u16_at(head, 0) == ZIP64_FIELD {
            return Some(field);
        }
        extra = rest;
    }
    None
}

fn check_kind(entry: &Entry, attributes: u32) -> Result<(), Refusal> {
    let kind = (attributes >> 16) & 0o170_000;
    let fits = match kind {
        0 => true,
        0o040_000 => entry.is_folder(),
        0o100_000 => !entry.is_folder(),
        _ => false,
    };
    if !fits {
        let what = match kind {
            0o120_000 => "a symbolic link",
            0o020_000 | 0o060_000 => "a device",
            0o010_000 | 0o140_000 => "a pipe or socket",
            _ => "both a file and a folder",
        };
        return Err(Refusal::new(
            Rule::FilesOnly,
            format!(
                "“{}” is {what}; a package may hold files and folders only. Replace it by the \
                 file itself.",
                entry.name
            ),
        ));
    }
    if entry.is_folder() && entry.bytes != 0 {
        return Err(Refusal::inconsistent(format_args!(
            "the folder “{}” has content",
            entry.name
        )));
    }
    Ok(())
}

fn check_readable(entry: &Entry) -> Result<(), Refusal> {
    if entry.flags & ENCRYPTED != 0 {
        return Err(Refusal::new(
            Rule::Readable,
            format!(
                "“{}” is encrypted. Create the package without a password.",
                entry.name
            ),
        ));
    }
    match entry.method {
        DEFLATED => Ok(()),
        STORED if entry.packed_bytes == entry.bytes => Ok(()),
        STORED => Err(Refusal::inconsistent(format_args!(
            "“{}” has two sizes",
            entry.name
        ))),
        other => Err(Refusal::new(
            Rule::Readable,
            format!(
                "“{}” is compressed by method {other}; only deflate is read. Create the package \
                 with deflate.",
                entry.name
            ),
        )),
    }
}

fn fill(reader: &mut impl Read, bytes: &mut [u8]) -> Result<(), Refusal> {
    reader
        .read_exact(bytes)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Refusal::inconsistent("its directory is cut off"),
            _ => Refusal::reading(error),
        })
}
