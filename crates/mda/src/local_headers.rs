//! The header in front of each entry's data: it must say what the directory says.

use crate::directory::Entry;
use crate::end_record::{u16_at, u32_at};
use crate::refusal::Refusal;
use std::fs::File;
use std::os::unix::fs::FileExt;

const HEADER: [u8; 4] = *b"PK\x03\x04";
const SIZES_FOLLOW: u16 = 1 << 3;
const ENCRYPTED: u16 = 1;

/// Refuses headers that contradict the directory, and entries that share bytes with each other
/// or with the directory.
pub(crate) fn check(file: &File, entries: &[Entry], directory_start: u64) -> Result<(), Refusal> {
    let mut by_place: Vec<&Entry> = entries.iter().collect();
    by_place.sort_by_key(|entry| entry.header_start);
    let nexts = by_place.iter().skip(1).map(|entry| entry.header_start);
    for (entry, next) in by_place.iter().zip(nexts.chain([directory_start])) {
        let end = check_one(file, entry, directory_start)?;
        if end > next {
            return Err(Refusal::inconsistent(format_args!(
                "“{}” overlaps what comes after it",
                entry.name
            )));
        }
    }
    Ok(())
}

/// Where the entry's data ends.
fn check_one(file: &File, entry: &Entry, directory_start: u64) -> Result<u64, Refusal> {
    let differs = |what: &str| {
        Refusal::inconsistent(format_args!(
            "the header of “{}” has another {what}",
            entry.name
        ))
    };
    if entry
        .header_start
        .checked_add(30)
        .is_none_or(|end| end > directory_start)
    {
        return Err(differs("place"));
    }
    let mut header = [0; 30];
    file.read_exact_at(&mut header, entry.header_start)
        .map_err(Refusal::reading)?;
    if header[..4] != HEADER {
        return Err(differs("place"));
    }
    if usize::from(u16_at(&header, 26)) != entry.name.len() {
        return Err(differs("name"));
    }
    let mut name = vec![0; entry.name.len()];
    file.read_exact_at(&mut name, entry.header_start + 30)
        .map_err(Refusal::reading)?;
    if name != entry.name.as_bytes() {
        return Err(differs("name"));
    }
    let flags = u16_at(&header, 6);
    if flags & ENCRYPTED != 0 || u16_at(&header, 8) != entry.method {
        return Err(differs("method"));
    }
    if flags & SIZES_FOLLOW == 0 {
        if u32_at(&header, 14) != entry.crc {
            return Err(differs("checksum"));
        }
        for (at, size) in [(18, entry.packed_bytes), (22, entry.bytes)] {
            let said = u32_at(&header, at);
            if said != u32::MAX && u64::from(said) != size {
                return Err(differs("size"));
            }
        }
    }
    let before_data = 30 + u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28));
    entry
        .header_start
        .checked_add(before_data)
        .and_then(|start| start.checked_add(entry.packed_bytes))
        .ok_or_else(|| differs("size"))
}
