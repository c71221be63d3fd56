//! Archives that unpack to far more than they are.

use crate::archive_builder::{GOOD_METADATA, on_disk};
use crate::hostile::refused_with;
use mda::limits::Limits;
use mda::refusal::Rule;
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

#[test]
fn a_bomb_by_ratio_and_by_size() {
    let bomb = deflated_zeros(32 << 20);
    let small = Limits {
        ratio_from: 16 << 20,
        ..Limits::default()
    };
    let message = refused_with(&bomb, &small, Rule::Ratio);
    assert!(message.contains("web/zeros"), "{message}");
    let patient = Limits {
        ratio: u64::MAX,
        ..Limits::new(1 << 30, 16 << 20, 100)
    };
    refused_with(&bomb, &patient, Rule::UnpackedSize);
    let one_large = Limits {
        entry_bytes: 1 << 20,
        ratio: u64::MAX,
        ..Limits::default()
    };
    refused_with(&bomb, &one_large, Rule::UnpackedSize);
}

#[test]
fn a_bomb_that_lies_about_its_size() {
    const BYTES: u32 = 0x0212_3457;
    let mut bomb = deflated_zeros(BYTES as usize);
    let real = BYTES.to_le_bytes();
    let places: Vec<usize> = (0..bomb.len() - 4)
        .filter(|&at| bomb[at..at + 4] == real)
        .collect();
    for at in places {
        bomb[at..at + 4].copy_from_slice(&5_u32.to_le_bytes());
    }
    let file = on_disk(&bomb);
    let limits = Limits {
        ratio_from: 16 << 20,
        ..Limits::default()
    };
    let refusal = mda::inspect(file.path(), &limits).expect_err("refused");
    assert!(
        matches!(refusal.rule, Rule::Ratio | Rule::Consistent),
        "{refusal}"
    );
}

fn deflated_zeros(bytes: usize) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let deflate = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    writer
        .start_file("model/metadata.json", deflate)
        .expect("an entry");
    writer.write_all(GOOD_METADATA.as_bytes()).expect("room");
    writer.start_file("web/zeros", deflate).expect("an entry");
    writer.write_all(&vec![0; bytes]).expect("room");
    writer.finish().expect("an archive").into_inner()
}
