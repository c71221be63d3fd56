//! What must be accepted.

use crate::archive_builder::{GOOD_METADATA, archive, entry, on_disk, package_with};
use mda::limits::Limits;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

#[test]
fn a_small_package() {
    let file = on_disk(&package_with([
        entry("web/index.html", "hello"),
        entry("web/[id] (1) ü.js", "x"),
        entry("native/other.bin", "x"),
    ]));
    let manifest = mda::inspect(file.path(), &Limits::default()).expect("accepted");
    assert_eq!(manifest.name.as_deref(), Some("Shop"));
    assert_eq!(manifest.version, "1.0.0");
    assert_eq!(manifest.runtime_version, "9.24.2");
    assert_eq!(manifest.files, 4);
    assert_eq!(manifest.unpacked_bytes, GOOD_METADATA.len() as u64 + 7);
    assert_eq!(manifest.sha256, mda::sha256(file.path()).expect("readable"));
    assert_eq!(manifest.sha256.len(), 64);
}

#[test]
fn as_a_streaming_writer_makes_it() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    // Sizes behind the data instead of before it, as a Java program writes them.
    let mut writer = ZipWriter::new_stream(File::create(file.path()).expect("a file"));
    let options = SimpleFileOptions::default();
    writer.add_directory("model", options).expect("a folder");
    writer
        .start_file("model/metadata.json", options)
        .expect("an entry");
    writer.write_all(GOOD_METADATA.as_bytes()).expect("room");
    writer
        .start_file("web/large.txt", options.large_file(true))
        .expect("an entry");
    writer
        .write_all(&b"some text that repeats; ".repeat(10_000))
        .expect("room");
    writer.finish().expect("an archive");
    let manifest = mda::inspect(file.path(), &Limits::default()).expect("accepted");
    assert_eq!(manifest.files, 2);
    assert_eq!(
        manifest.unpacked_bytes,
        GOOD_METADATA.len() as u64 + 240_000
    );
}

/// A source map of lines that repeat shrinks some 400 times, an empty database file 1,000 times.
#[test]
fn honest_files_that_shrink_a_lot() {
    let line = br#"{"version":3,"sources":["webpack://shop/./src/index.js"],"mappings":";;;;;;"}"#;
    let files = [
        (
            "web/dist/index.js.map",
            line.repeat((24 << 20) / line.len()),
        ),
        ("model/resources/empty.mdb", vec![0; 18 << 20]),
    ];
    for (name, data) in files {
        let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, data) in [
            ("model/metadata.json", GOOD_METADATA.as_bytes()),
            (name, &data),
        ] {
            let deflate = SimpleFileOptions::default();
            writer.start_file(name, deflate).expect("an entry");
            writer.write_all(data).expect("room");
        }
        let file = on_disk(&writer.finish().expect("an archive").into_inner());
        mda::inspect(file.path(), &Limits::default()).expect(name);
    }
}

#[test]
fn seventy_thousand_entries_when_the_limit_allows() {
    let mut entries = vec![entry("model/metadata.json", GOOD_METADATA)];
    entries.extend((1..70_000).map(|number| entry(format!("web/{}/{number}", number % 100), "")));
    let file = on_disk(&archive(&entries));
    let manifest = mda::inspect(file.path(), &Limits::new(1 << 30, 1 << 30, 70_102));
    assert_eq!(manifest.expect("accepted").files, 70_000);
    let refusal = mda::inspect(file.path(), &Limits::new(1 << 30, 1 << 30, 70_101));
    assert!(refusal.is_err());
}

#[test]
fn an_archive_with_a_comment_and_an_extra_folder_entry() {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.set_comment("made by hand").expect("a short comment");
    writer
        .add_directory("web/empty/", SimpleFileOptions::default())
        .expect("a folder");
    writer
        .start_file("model/metadata.json", SimpleFileOptions::default())
        .expect("an entry");
    writer.write_all(GOOD_METADATA.as_bytes()).expect("room");
    let file = on_disk(&writer.finish().expect("an archive").into_inner());
    assert_eq!(
        mda::inspect(file.path(), &Limits::default())
            .expect("accepted")
            .files,
        1
    );
}

#[test]
fn a_missing_file_is_the_machine_s_fault() {
    let refusal = mda::inspect(Path::new("/nonexistent.mda"), &Limits::default());
    assert!(refusal.expect_err("no file").rule.is_about_the_machine());
}

#[test]
fn the_sample_app_as_the_script_makes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let packages = ["one.mda", "other.mda"].map(|name| folder.path().join(name));
    for package in &packages {
        let made = Command::new(top.join("scripts/make-sample"))
            .args(["--fail-start", "2.4.1"])
            .arg(package)
            .output()
            .expect("python3");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
    }
    let [one, other] =
        packages.map(|path| mda::inspect(&path, &Limits::default()).expect("accepted"));
    assert_eq!(one, other, "the same input gives the same bytes");
    assert_eq!(
        (one.name.as_deref(), one.version.as_str()),
        (Some("Shop"), "2.4.1")
    );
    assert_eq!(one.constants.len(), 3);
    assert_eq!(
        one.scheduled_events,
        ["Shop.NightlyStocktaking", "Shop.WeeklyReport"]
    );
    assert_eq!(one.java_version, Some(11));
}
