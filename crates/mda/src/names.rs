//! Which names entries may have, and that each is there once.

use crate::directory::Entry;
use crate::limits::Limits;
use crate::refusal::{Refusal, Rule};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use unicode_normalization::UnicodeNormalization;

/// The longest part of a path that file systems take.
const PART_BYTES: usize = 255;

/// Refuses a name that leaves the folder it is unpacked into, or that no file system takes.
pub(crate) fn check(name: &str, limits: &Limits) -> Result<(), Refusal> {
    let refused = |what: &str| {
        let shown: String = name.chars().take(80).collect();
        let shown = shown.escape_debug();
        let message =
            format!("The name “{shown}” {what}. Rename it, then create the package again.");
        Err(Refusal::new(Rule::Names, message))
    };
    let path = name.strip_suffix('/').unwrap_or(name);
    if path.is_empty() {
        return refused("is empty");
    }
    if name.len() > limits.name_bytes {
        return refused(&format!("is longer than {} bytes", limits.name_bytes));
    }
    if name.chars().any(char::is_control) {
        return refused("has a control character");
    }
    if name.contains('\\') {
        return refused("has a backslash; folders are separated by “/”");
    }
    if name.starts_with('/') {
        return refused("is absolute; names are relative to the package");
    }
    let mut start = name.chars();
    if start
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && start.next() == Some(':')
    {
        return refused("has a drive letter; names are relative to the package");
    }
    for part in path.split('/') {
        match part {
            "" => return refused("has an empty folder name"),
            "." | ".." => return refused("has “.” or “..” as a folder; names stay in the package"),
            part if part.len() > PART_BYTES => {
                return refused(&format!("has a part longer than {PART_BYTES} bytes"));
            }
            _ => {}
        }
    }
    if path.split('/').count() > limits.depth {
        return refused(&format!("is more than {} folders deep", limits.depth));
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    File,
    Folder,
    /// Seen only as the folder that something else is in.
    Implied,
}

/// Refuses two names that are the same on a file system that ignores case or writes accents in
/// another form, and a file that is also a folder; gives how many files and folders there are, also those folders
/// that are named as a part of others only.
pub(crate) fn check_unique(entries: &[Entry], limits: &Limits) -> Result<u64, Refusal> {
    // Fingerprints, so that long names cannot take more memory than short ones.
    let mut known: HashMap<[u8; 16], Known> = HashMap::with_capacity(entries.len());
    // By their exact names: folders that differ in case only are two on the disk.
    let mut places = HashSet::with_capacity(entries.len());
    for entry in entries {
        let mut path = Sha256::new();
        for part in entry.path().split('/') {
            path.update(part);
            path.update([0]);
            places.insert(short(&path));
            if places.len() as u64 > limits.files {
                return Err(too_many(limits));
            }
        }
        let folded = fold(entry.path());
        let mut path = Sha256::new();
        let mut parts = folded.split('/').peekable();
        while let Some(part) = parts.next() {
            path.update(part);
            path.update([0]);
            let fingerprint = short(&path);
            let kind = match parts.peek() {
                Some(_) => Known::Implied,
                None if entry.is_folder() => Known::Folder,
                None => Known::File,
            };
            let is_new = match (known.get(&fingerprint), kind) {
                (None, _) | (Some(Known::Implied), Known::Folder) => true,
                (Some(Known::Folder | Known::Implied), Known::Implied) => false,
                (Some(_), _) => return Err(twice(&entry.name)),
            };
            if is_new {
                known.insert(fingerprint, kind);
            }
        }
    }
    Ok(places.len() as u64)
}

fn short(path: &Sha256) -> [u8; 16] {
    let mut fingerprint = [0; 16];
    fingerprint.copy_from_slice(&path.clone().finalize()[..16]);
    fingerprint
}

fn too_many(limits: &Limits) -> Refusal {
    Refusal::new(
        Rule::Entries,
        format!(
            "The package has more than {} files and folders, with those that are named only as a part of others. \
             Remove what is not needed, or ask an administrator for a higher limit.",
            limits.files
        ),
    )
}

fn fold(path: &str) -> String {
    let composed: String = path.nfc().collect();
    composed.to_lowercase().nfc().collect()
}

fn twice(name: &str) -> Refusal {
    Refusal::new(
        Rule::Unique,
        format!(
            "“{name}” is in the package twice; names that differ only in case or in the form of \
             their accents count as the same. Remove or rename one."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::{check, fold};
    use crate::limits::Limits;

    #[test]
    fn names_that_leave_the_package_are_refused() {
        let limits = Limits::default();
        for name in [
            "",
            "/",
            "/etc/passwd",
            "../x",
            "web/../../x",
            "web/..",
            "web/./x",
            "web//x",
            "C:/x",
            "c:x",
            "web\\x",
            "web/\0x",
            "web/\nx",
            "web/x\u{7f}",
        ] {
            assert!(check(name, &limits).is_err(), "{name:?}");
        }
        let deep = "a/".repeat(32) + "b";
        for name in [
            &deep,
            &"n".repeat(256),
            &("p/".repeat(10) + &"n".repeat(500)),
        ] {
            assert!(check(name, &limits).is_err(), "{name:?}");
        }
    }

    #[test]
    fn ordinary_names_are_fine() {
        let limits = Limits::default();
        for name in [
            "model/metadata.json",
            "web/",
            "web/[id].js",
            "web/..hidden",
            "web/ü …/日本.html",
            "web/a:b",
            "web/~x",
        ] {
            assert!(check(name, &limits).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn folding_ignores_case_and_form() {
        assert_eq!(fold("Web/INDEX.html"), fold("web/index.HTML"));
        assert_eq!(fold("web/é"), fold("web/E\u{301}"));
        assert_ne!(fold("web/e"), fold("web/é"));
    }
}
