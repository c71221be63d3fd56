//! What must be refused, and by which rule.

use crate::archive_builder::{Entry, GOOD_METADATA, archive, entry, on_disk, package_with};
use mda::limits::Limits;
use mda::refusal::Rule;

#[track_caller]
pub fn refused_with(bytes: &[u8], limits: &Limits, rule: Rule) -> String {
    let file = on_disk(bytes);
    let refusal = mda::inspect(file.path(), limits).expect_err("refused");
    assert_eq!(refusal.rule, rule, "{refusal}");
    let folder = tempfile::tempdir().expect("a folder");
    if !matches!(
        rule,
        Rule::Metadata | Rule::RuntimeVersion | Rule::ModelVersion
    ) {
        assert!(mda::unpack(file.path(), folder.path(), limits).is_err());
    }
    refusal.message
}

#[track_caller]
fn refused(bytes: &[u8], rule: Rule) -> String {
    refused_with(bytes, &Limits::default(), rule)
}

#[test]
fn what_is_no_zip() {
    refused(b"", Rule::Zip);
    refused(b"PK", Rule::Zip);
    refused(
        b"\x89PNG\r\n\x1a\n and some more bytes than an end record has",
        Rule::Zip,
    );
    let message = refused(&[0; 4096], Rule::Zip);
    assert!(message.contains("Studio Pro"), "{message}");
    let hidden_behind_a_program = [b"#!/bin/sh\n".as_slice(), &package_with([])].concat();
    refused(&hidden_behind_a_program, Rule::Zip);
}

#[test]
fn an_empty_zip() {
    refused(&archive(&[]), Rule::NotEmpty);
}

#[test]
fn a_truncated_zip_at_every_length() {
    let whole = package_with([entry("web/index.html", "hello")]);
    for length in 0..whole.len() {
        let file = on_disk(&whole[..length]);
        assert!(
            mda::inspect(file.path(), &Limits::default()).is_err(),
            "{length} bytes"
        );
    }
    let message = refused(&whole[..whole.len() - 5], Rule::Whole);
    assert!(message.contains("again"), "{message}");
}

#[test]
fn every_single_flipped_byte_is_refused_or_harmless() {
    let whole = package_with([entry("web/index.html", "hello")]);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x5a;
        let file = on_disk(&bytes);
        if let Ok(manifest) = mda::inspect(file.path(), &Limits::default()) {
            assert_eq!(manifest.version, "1.0.0", "byte {at}");
            assert_eq!(
                manifest.unpacked_bytes,
                GOOD_METADATA.len() as u64 + 5,
                "byte {at}"
            );
        }
    }
}

#[test]
fn names_that_leave_the_package() {
    let long = "n".repeat(300);
    for name in [
        "../../etc/passwd",
        "web/../../x",
        "/etc/passwd",
        "web\\..\\x",
        "C:\\x",
        "C:/x",
        "web/./x",
        "web//x",
        "web/\0x",
        "web/\u{1b}[31m",
        "",
        &long,
    ] {
        refused(&package_with([entry(name, "x")]), Rule::Names);
    }
    refused(&package_with([entry(b"web/\xff\xfe", "x")]), Rule::Names);
    refused(
        &package_with([entry("a/".repeat(40) + "x", "x")]),
        Rule::Names,
    );
}

#[test]
fn a_symbolic_link_and_devices() {
    for (mode, word) in [
        (0o120_777, "link"),
        (0o020_666, "device"),
        (0o060_666, "device"),
        (0o010_666, "pipe"),
    ] {
        let special = Entry {
            mode,
            ..entry("web/special", "/etc/passwd")
        };
        let message = refused(&package_with([special]), Rule::FilesOnly);
        assert!(message.contains(word), "{message}");
    }
    let folder_as_file = Entry {
        mode: 0o040_755,
        ..entry("web/x", "")
    };
    refused(&package_with([folder_as_file]), Rule::FilesOnly);
    refused(
        &package_with([Entry {
            mode: 0,
            ..entry("web/x/", "data")
        }]),
        Rule::Consistent,
    );
}

#[test]
fn names_that_are_there_twice() {
    for (one, other) in [
        ("web/a", "web/a"),
        ("web/a", "web/A"),
        ("web/\u{e9}", "web/e\u{301}"),
        ("web/\u{c9}", "web/e\u{301}"),
        ("web/a", "web/a/b"),
        ("web/a/b", "web/a"),
        ("web/a/", "web/a"),
        ("web/a/", "web/A/"),
        ("model/metadata.json", "web/x"),
    ] {
        refused(
            &package_with([entry(one, "1"), entry(other, "2")].map(folder_or_file)),
            Rule::Unique,
        );
    }
}

fn folder_or_file(entry: Entry) -> Entry {
    if entry.name.ends_with(b"/") {
        Entry {
            data: Vec::new(),
            mode: 0o040_755,
            ..entry
        }
    } else {
        entry
    }
}

#[test]
fn entries_that_overlap() {
    let shared = Entry {
        header_of: Some(1),
        ..entry("web/b", "12345")
    };
    let message = refused(
        &package_with([entry("web/b", "12345"), shared]),
        Rule::Unique,
    );
    assert!(message.contains("twice"), "{message}");
    let nested = archive(&[entry("web/b", "12345")]);
    let mut bytes = package_with([entry("web/outer", &nested[..nested.len() - 22])]);
    // The directory's second entry is made to point at the header inside the first one's data.
    let inner = find(&bytes, b"PK\x03\x04", 2);
    let directory = find(&bytes, b"PK\x01\x02web/outer".get(..4).expect("four"), 2);
    bytes[directory + 42..directory + 46]
        .copy_from_slice(&u32::try_from(inner).expect("small").to_le_bytes());
    refused(&bytes, Rule::Consistent);
}

#[test]
fn one_piece_of_data_under_many_names() {
    let mut bytes = package_with([entry("web/a", "same"), entry("web/b", "same")]);
    let first = find(&bytes, b"PK\x03\x04", 1);
    let second_in_directory = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, window)| *window == b"PK\x01\x02")
        .nth(2)
        .expect("three entries")
        .0;
    bytes[second_in_directory + 42..second_in_directory + 46]
        .copy_from_slice(&u32::try_from(first).expect("small").to_le_bytes());
    refused(&bytes, Rule::Consistent);
}

/// Where `what` starts for the time `nth`, counted from 0.
fn find(bytes: &[u8], what: &[u8], nth: usize) -> usize {
    let mut places = bytes
        .windows(what.len())
        .enumerate()
        .filter(|(_, window)| *window == what);
    places.nth(nth).expect("it is there").0
}

#[test]
fn headers_that_contradict_the_directory() {
    let other_name = Entry {
        local_name: Some(b"web/evil.html".to_vec()),
        ..entry("web/good.html", "x")
    };
    refused(&package_with([other_name]), Rule::Consistent);
    let same_length = Entry {
        local_name: Some(b"web/b".to_vec()),
        ..entry("web/a", "x")
    };
    refused(&package_with([same_length]), Rule::Consistent);
    refused(
        &package_with([Entry {
            claimed_bytes: Some(3),
            ..entry("web/a", "12345")
        }]),
        Rule::Consistent,
    );
    refused(
        &package_with([Entry {
            crc: Some(7),
            ..entry("web/a", "12345")
        }]),
        Rule::Consistent,
    );
}

#[test]
fn what_cannot_be_read() {
    refused(
        &package_with([Entry {
            flags: 1,
            ..entry("web/a", "x")
        }]),
        Rule::Readable,
    );
    let message = refused(
        &package_with([Entry {
            method: 12,
            ..entry("web/a", "x")
        }]),
        Rule::Readable,
    );
    assert!(message.contains("deflate"), "{message}");
}

#[test]
fn a_second_directory_behind_the_first() {
    let mut bytes = package_with([]);
    bytes.extend(package_with([entry("web/evil", "x")]));
    refused(&bytes, Rule::Consistent);
    let mut bytes = package_with([]);
    bytes.extend(b"tail");
    let message = refused(&bytes, Rule::Whole);
    assert!(
        message.contains("4 bytes stand behind its end"),
        "{message}"
    );
    let mut commented = package_with([]);
    let comment = commented.len() - 2;
    commented[comment] = 9;
    let message = refused(&commented, Rule::Whole);
    assert!(message.contains("comment are missing"), "{message}");
}

/// 64 KiB for each entry: a few GB of upload would take as much memory.
#[test]
fn entries_that_carry_more_than_names_and_data() {
    let commented = Entry {
        comment: b"hello".to_vec(),
        ..entry("web/a", "x")
    };
    let message = refused(&package_with([commented]), Rule::Extras);
    assert!(message.contains("“web/a” has a comment"), "{message}");
    let with_extra = |bytes| Entry {
        extra: vec![0; bytes],
        ..entry("web/a", "x")
    };
    let message = refused(&package_with([with_extra(1025)]), Rule::Extras);
    assert!(message.contains("1025 bytes; at most 1024"), "{message}");
    let file = on_disk(&package_with([with_extra(1024)]));
    mda::inspect(file.path(), &Limits::default()).expect("times and owners are fine");
}

/// Read by its end alone: nothing of it is loaded.
#[test]
fn a_directory_beyond_all_measure() {
    let mut bytes = package_with([]);
    let end = bytes.len() - 22;
    let directory = u32::try_from(end).expect("small");
    bytes.splice(end..end, vec![0; (64 << 20) + 1]);
    let end = bytes.len() - 22;
    let start = u32::from_le_bytes(bytes[end + 16..end + 20].try_into().expect("four"));
    let long = directory - start + (64 << 20) + 1;
    bytes[end + 12..end + 16].copy_from_slice(&long.to_le_bytes());
    let message = refused(&bytes, Rule::Entries);
    assert!(message.contains("at most 67108864"), "{message}");
}

#[test]
fn what_was_uploaded_instead_is_named() {
    for (bytes, word) in [
        (
            b"\x1f\x8b\x08\0 and so on for some more bytes".as_slice(),
            "gzip",
        ),
        (
            b"<!doctype html><title>Sign in</title>".as_slice(),
            "web page",
        ),
    ] {
        let message = refused(bytes, Rule::Zip);
        assert!(message.contains(word), "{message}");
    }
    let folder = Entry {
        mode: 0o040_755,
        ..entry("Shop-1.0/", "")
    };
    let inside = entry("Shop-1.0/model/metadata.json", GOOD_METADATA);
    let message = refused(
        &archive(&[folder, inside.clone(), entry("Shop-1.0/web/a", "x")]),
        Rule::Metadata,
    );
    assert!(message.contains("folder “Shop-1.0”"), "{message}");
    let message = refused(&archive(&[inside, entry("other", "x")]), Rule::Metadata);
    assert!(!message.contains("Everything"), "{message}");
    let message = refused(&archive(&[entry("Shop.mpr", "x")]), Rule::Metadata);
    assert!(message.contains("project"), "{message}");
}

#[test]
fn too_much_and_too_many() {
    let bytes = package_with([entry("web/a", "x"), entry("web/b", "x")]);
    refused_with(&bytes, &Limits::new(100, 1 << 20, 10), Rule::PackageSize);
    let message = refused_with(&bytes, &Limits::new(1 << 20, 1 << 20, 2), Rule::Entries);
    assert!(message.contains("3 entries; at most 2"), "{message}");
}

#[test]
fn metadata_that_is_missing_or_bad() {
    let message = refused(&archive(&[entry("web/index.html", "x")]), Rule::Metadata);
    assert!(message.contains("model/metadata.json"), "{message}");
    for (text, rule) in [
        ("{", Rule::Metadata),
        ("\u{0}", Rule::Metadata),
        (
            r#"{"RuntimeVersion":"5.9.0","ModelVersion":"1"}"#,
            Rule::RuntimeVersion,
        ),
        (r#"{"RuntimeVersion":"9.24.2"}"#, Rule::ModelVersion),
    ] {
        refused(&archive(&[entry("model/metadata.json", text)]), rule);
    }
    refused(
        &archive(&[entry("model/metadata.json", vec![b' '; 9 << 20])]),
        Rule::Metadata,
    );
}
