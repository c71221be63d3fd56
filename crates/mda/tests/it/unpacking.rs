//! What ends up on disk.

use crate::archive_builder::{Entry, entry, on_disk, package_with};
use mda::limits::Limits;
use mda::refusal::Rule;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

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
