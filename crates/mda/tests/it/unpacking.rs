//! What ends up on disk.

use crate::archive_builder::{Entry, GOOD_METADATA, entry, on_disk, package_with};
use mda::limits::Limits;
use mda::refusal::Rule;
use std::cell::Cell;
use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path)
        .expect("it is there")
        .permissions()
        .mode()
        & 0o7777
}

#[test]
fn only_model_and_web_with_plain_modes() {
    let setuid = Entry {
        mode: 0o104_777,
        ..entry("web/tool", "x")
    };
    let folder = Entry {
        mode: 0o040_777,
        ..entry("web/empty/", "")
    };
    let file = on_disk(&package_with([
        entry("web/deep/er/index.html", "hello"),
        setuid,
        folder,
        entry("data/files/x", "x"),
        entry("native/x", "x"),
        entry("web2/x", "x"),
        entry("top.txt", "x"),
    ]));
    let into = tempfile::tempdir().expect("a folder");
    mda::unpack(file.path(), into.path(), &Limits::default()).expect("unpacked");
    let mut top: Vec<_> = fs::read_dir(into.path())
        .expect("a folder")
        .map(|item| item.expect("an item").file_name())
        .collect();
    top.sort();
    assert_eq!(top, ["model", "web"]);
    let web = into.path().join("web");
    assert_eq!(
        fs::read(web.join("deep/er/index.html")).expect("a file"),
        b"hello"
    );
    assert_eq!(mode(&web.join("tool")), 0o644);
    assert_eq!(mode(&web.join("deep/er/index.html")), 0o644);
    assert_eq!(mode(&web.join("deep/er")), 0o755);
    assert_eq!(mode(&web.join("empty")), 0o755);
}

#[test]
fn only_into_an_empty_folder_that_is_no_link() {
    let file = on_disk(&package_with([]));
    let place = tempfile::tempdir().expect("a folder");
    let full = place.path().join("full");
    fs::create_dir(&full).expect("a folder");
    symlink("/tmp", full.join("web")).expect("a link");
    let link = place.path().join("link");
    let target = place.path().join("target");
    fs::create_dir(&target).expect("a folder");
    symlink(&target, &link).expect("a link");
    for into in [full, link, place.path().join("missing")] {
        let refusal = mda::unpack(file.path(), &into, &Limits::default()).expect_err("refused");
        assert_eq!(refusal.rule, Rule::MachineWrites, "{}", into.display());
    }
    assert_eq!(fs::read_dir(target).expect("a folder").count(), 0);
}

/// What a file of zeros becomes when it is packed.
fn packed_zeros(bytes: usize) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    zip.start_file("x", packed).expect("started");
    zip.write_all(&vec![0; bytes]).expect("written");
    let zip = zip.finish().expect("finished").into_inner();
    let length = u32::from_le_bytes(zip[18..22].try_into().expect("four bytes"));
    let start = 30 + "x".len();
    zip[start..start + usize::try_from(length).expect("fits")].to_vec()
}

#[test]
fn no_more_comes_out_than_the_directory_says() {
    let bomb = Entry {
        method: 8,
        claimed_bytes: Some(100),
        ..entry("web/zeros", packed_zeros(64 << 20))
    };
    let file = on_disk(&package_with([bomb]));
    let limits = Limits::new(u64::MAX, u64::MAX, u64::MAX);
    let says = mda::size(file.path(), &limits).expect("read");
    assert_eq!(
        (says.bytes, says.on_disk, says.entries),
        (100 + GOOD_METADATA.len() as u64, 4 * 4096, 4),
        "with the folders model and web"
    );
    let into = tempfile::tempdir().expect("a folder");
    let refusal = mda::unpack(file.path(), into.path(), &limits).expect_err("refused");
    assert_eq!(refusal.rule, Rule::Consistent, "{refusal}");
    let written = fs::metadata(into.path().join("web/zeros"))
        .expect("begun")
        .len();
    assert!(written <= 1 << 16, "{written}");
}

#[test]
fn folders_without_an_entry_count_and_empty_files_are_asked_about() {
    let many = (0..600).map(|it| entry(format!("web/{it}/{it}/x"), Vec::new()));
    let file = on_disk(&package_with(many));
    let limits = Limits {
        files: 1000,
        ..Limits::default()
    };
    let refusal = mda::inspect(file.path(), &limits).expect_err("refused");
    assert_eq!(refusal.rule, Rule::Entries, "{refusal}");
    let into = tempfile::tempdir().expect("a folder");
    let asked = Cell::new(0);
    let count = || {
        asked.set(asked.get() + 1);
        Ok(())
    };
    mda::unpack_while(file.path(), into.path(), &Limits::default(), &count).expect("unpacked");
    assert!(asked.get() >= 3, "{}", asked.get());
}

#[test]
fn it_ends_when_the_caller_says_so() {
    let file = on_disk(&package_with([entry("web/large", vec![7; 40 << 20])]));
    let into = tempfile::tempdir().expect("a folder");
    let asked = Cell::new(0);
    let twice = || {
        asked.set(asked.get() + 1);
        if asked.get() < 3 {
            return Ok(());
        }
        Err(std::io::ErrorKind::StorageFull.into())
    };
    let refusal = mda::unpack_while(file.path(), into.path(), &Limits::default(), &twice);
    let refusal = refusal.expect_err("refused");
    assert_eq!(refusal.rule, Rule::MachineWrites);
    assert!(refusal.message.contains("free some space"), "{refusal}");
    let written = fs::metadata(into.path().join("web/large"))
        .expect("begun")
        .len();
    assert!(written <= 17 << 20, "{written}");
}
