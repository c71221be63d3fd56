//! Builds zip archives byte by byte, so that each field can lie.

use std::io::Write;
use tempfile::NamedTempFile;

pub const GOOD_METADATA: &str =
    r#"{"ProjectName":"Shop","RuntimeVersion":"9.24.2","ModelVersion":"1.0.0"}"#;

const REGULAR_FILE: u32 = 0o100_644;

/// One entry, stored without compression.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub data: Vec<u8>,
    pub mode: u32,
    pub flags: u16,
    pub method: u16,
    /// The name in the local header, when it is another one.
    pub local_name: Option<Vec<u8>>,
    /// The size in the directory, when it is another one.
    pub claimed_bytes: Option<u32>,
    /// The checksum, when it is a wrong one.
    pub crc: Option<u32>,
    /// Extra fields and comment in the directory.
    pub extra: Vec<u8>,
    pub comment: Vec<u8>,
    /// Whose local header the directory points at, when it is another one's.
    pub header_of: Option<usize>,
}

pub fn entry(name: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Entry {
    Entry {
        name: name.as_ref().to_vec(),
        data: data.as_ref().to_vec(),
        mode: REGULAR_FILE,
        flags: 1 << 11,
        method: 0,
        local_name: None,
        claimed_bytes: None,
        crc: None,
        extra: Vec::new(),
        comment: Vec::new(),
        header_of: None,
    }
}

/// A good package, with further entries.
pub fn package_with(entries: impl IntoIterator<Item = Entry>) -> Vec<u8> {
    let mut all = vec![entry("model/metadata.json", GOOD_METADATA)];
    all.extend(entries);
    archive(&all)
}

pub fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut starts = Vec::new();
    for entry in entries {
        starts.push(bytes.len());
        bytes.extend(b"PK\x03\x04\x14\x00");
        put_common(
            &mut bytes,
            entry,
            entry.local_name.as_ref().unwrap_or(&entry.name),
            0,
        );
        bytes.extend(entry.local_name.as_ref().unwrap_or(&entry.name));
        bytes.extend(&entry.data);
    }
    let directory_start = bytes.len();
    for (index, entry) in entries.iter().enumerate() {
        bytes.extend(b"PK\x01\x02\x14\x03\x14\x00");
        put_common(&mut bytes, entry, &entry.name, short(entry.extra.len()));
        bytes.extend(short(entry.comment.len()).to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend((entry.mode << 16).to_le_bytes());
        let start = starts[entry.header_of.unwrap_or(index)];
        bytes.extend(u32::try_from(start).expect("small").to_le_bytes());
        for part in [&entry.name, &entry.extra, &entry.comment] {
            bytes.extend(part);
        }
    }
    let directory_bytes = bytes.len() - directory_start;
    put_end(&mut bytes, entries.len(), directory_start, directory_bytes);
    bytes
}

fn short(length: usize) -> u16 {
    u16::try_from(length).expect("short")
}

fn put_common(bytes: &mut Vec<u8>, entry: &Entry, name: &[u8], extra_bytes: u16) {
    let size = u32::try_from(entry.data.len()).expect("small");
    bytes.extend(entry.flags.to_le_bytes());
    bytes.extend(entry.method.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(
        entry
            .crc
            .unwrap_or_else(|| crc32(&entry.data))
            .to_le_bytes(),
    );
    bytes.extend(size.to_le_bytes());
    bytes.extend(entry.claimed_bytes.unwrap_or(size).to_le_bytes());
    bytes.extend(short(name.len()).to_le_bytes());
    bytes.extend(extra_bytes.to_le_bytes());
}

/// The end record, after a ZIP64 one when there are too many entries for it alone.
fn put_end(bytes: &mut Vec<u8>, entries: usize, directory_start: usize, directory_bytes: usize) {
    let short_entries = u16::try_from(entries).unwrap_or(u16::MAX);
    if short_entries == u16::MAX {
        let start = bytes.len() as u64;
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44_u64.to_le_bytes());
        bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for value in [entries, entries, directory_bytes, directory_start] {
            bytes.extend((value as u64).to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07\x00\x00\x00\x00");
        bytes.extend(start.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
    }
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
    bytes.extend(short_entries.to_le_bytes());
    bytes.extend(short_entries.to_le_bytes());
    for value in [directory_bytes, directory_start] {
        bytes.extend(u32::try_from(value).expect("small").to_le_bytes());
    }
    bytes.extend([0, 0]);
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    })
}

pub fn on_disk(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("room for the file");
    file
}
