//! The end of a zip archive, which says where its directory is.
//!
//! The records must end exactly where the file ends and the directory exactly where they begin, so
//! that no two readers can find different directories in one file.

use crate::refusal::{Refusal, Rule};
use std::fs::File;
use std::os::unix::fs::FileExt;

const END: [u8; 4] = *b"PK\x05\x06";
const END_BYTES: u64 = 22;
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const LOCATOR_BYTES: u64 = 20;
const END_64: [u8; 4] = *b"PK\x06\x06";
const END_64_BYTES: u64 = 56;
const LOCAL_HEADER: [u8; 4] = *b"PK\x03\x04";

/// Where the directory is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EndRecord {
    pub(crate) entries: u64,
    pub(crate) directory_start: u64,
    pub(crate) directory_bytes: u64,
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

pub(crate) fn find(file: &File, length: u64) -> Result<EndRecord, Refusal> {
    let mut start = [0; 4];
    if length < END_BYTES || file.read_exact_at(&mut start, 0).is_err() {
        return Err(not_a_zip(""));
    }
    if start != LOCAL_HEADER && start != END {
        return Err(not_a_zip(kind_of(start)));
    }
    let tail_bytes = length.min(END_BYTES + u64::from(u16::MAX));
    let tail_start = length - tail_bytes;
    let mut tail = vec![0; usize::try_from(tail_bytes).expect("at most 64 KiB and a bit")];
    file.read_exact_at(&mut tail, tail_start)
        .map_err(Refusal::reading)?;
    let end = (0..=tail.len() - 22)
        .rev()
        .find(|&at| {
            tail[at..at + 4] == END && at + 22 + usize::from(u16_at(&tail, at + 20)) == tail.len()
        })
        .ok_or_else(|| without_end(&tail, tail_start))?;
    let record = &tail[end..end + 22];
    let end_start = tail_start + end as u64;
    let short = EndRecord {
        entries: u64::from(u16_at(record, 10)),
        directory_bytes: u64::from(u32_at(record, 12)),
        directory_start: u64::from(u32_at(record, 16)),
    };
    let (found, ends_at) = match long_form(file, end_start)? {
        Some((long, start)) => {
            agrees(short.entries, u64::from(u16::MAX), long.entries)?;
            agrees(
                short.directory_bytes,
                u64::from(u32::MAX),
                long.directory_bytes,
            )?;
            agrees(
                short.directory_start,
                u64::from(u32::MAX),
                long.directory_start,
            )?;
            (long, start)
        }
        None if u16_at(record, 4) == 0 && u16_at(record, 8) == u16_at(record, 10) => {
            (short, end_start)
        }
        None => return Err(in_parts()),
    };
    if found.directory_start.checked_add(found.directory_bytes) != Some(ends_at) {
        return Err(Refusal::inconsistent(
            "its directory is not where its end says",
        ));
    }
    if found.entries == 0 {
        return Err(Refusal::new(
            Rule::NotEmpty,
            "The package is empty. Create it again from your app.",
        ));
    }
    Ok(found)
}

/// Why there is no end where the file ends: it is missing, or something stands behind it.
fn without_end(tail: &[u8], tail_start: u64) -> Refusal {
    let ends_before = |at: &usize| {
        let record = &tail[*at..];
        let (bytes, start) = (u32_at(record, 12), u32_at(record, 16));
        let fits = u64::from(start) + u64::from(bytes) == tail_start + *at as u64;
        record[..4] == END && (fits || start == u32::MAX || bytes == u32::MAX)
    };
    let message = match (0..=tail.len() - 22).rev().find(ends_before) {
        Some(at) => {
            let end = at + 22 + usize::from(u16_at(tail, at + 20));
            match tail.len().checked_sub(end) {
                Some(behind) => format!(
                    "The package is whole, but {behind} bytes stand behind its end. Remove them, \
                     or take the file from where it was made: something on its way here added them."
                ),
                None => "The package is cut off: the last bytes of its comment are missing. \
                         Upload the whole file again."
                    .to_owned(),
            }
        }
        None => {
            "The package is cut off: its end is missing. Upload the whole file again.".to_owned()
        }
    };
    Refusal::new(Rule::Whole, message)
}

/// The ZIP64 form of the record and where it starts, when there is one.
fn long_form(file: &File, end_start: u64) -> Result<Option<(EndRecord, u64)>, Refusal> {
    let Some(locator_start) = end_start.checked_sub(LOCATOR_BYTES) else {
        return Ok(None);
    };
    let mut locator = [0; 20];
    file.read_exact_at(&mut locator, locator_start)
        .map_err(Refusal::reading)?;
    if locator[..4] != LOCATOR {
        return Ok(None);
    }
    let start = u64_at(&locator, 8);
    if start
        .checked_add(END_64_BYTES)
        .is_none_or(|end| end > locator_start)
    {
        return Err(Refusal::inconsistent("its ZIP64 end is not where it says"));
    }
    let mut record = [0; 56];
    file.read_exact_at(&mut record, start)
        .map_err(Refusal::reading)?;
    let ends_at = u64_at(&record, 4).checked_add(start + 12);
    if record[..4] != END_64 || ends_at != Some(locator_start) {
        return Err(Refusal::inconsistent("its ZIP64 end is not where it says"));
    }
    if u32_at(&record, 16) != 0 || u64_at(&record, 24) != u64_at(&record, 32) {
        return Err(in_parts());
    }
    let long = EndRecord {
        entries: u64_at(&record, 32),
        directory_bytes: u64_at(&record, 40),
        directory_start: u64_at(&record, 48),
    };
    Ok(Some((long, start)))
}

fn agrees(short: u64, saturated: u64, long: u64) -> Result<(), Refusal> {
    if short == saturated || short == long {
        Ok(())
    } else {
        Err(Refusal::inconsistent("its two ends contradict each other"))
    }
}

fn in_parts() -> Refusal {
    Refusal::new(
        Rule::Whole,
        "The package is one part of a split archive. Create it as a single file.",
    )
}

fn not_a_zip(what: &str) -> Refusal {
    Refusal::new(
        Rule::Zip,
        format!(
            "The file is not a deployment package: an .mda file is a zip archive{what}. Create \
             one with “Create deployment package” in Studio Pro."
        ),
    )
}

/// What people have uploaded under a package's name, by how it starts.
fn kind_of(start: [u8; 4]) -> &'static str {
    match start {
        [0x1f, 0x8b, ..] => ", and this is one of gzip",
        [b'<', ..] => ", and this is a web page, as a download without a sign-in gives",
        [b'7', b'z', ..] => ", and this is one of 7-Zip",
        _ => "",
    }
}
