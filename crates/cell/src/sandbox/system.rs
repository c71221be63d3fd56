//! What every instance sees of the machine it runs on: programs, libraries, little else.

use std::io;
use std::path::{Path, PathBuf};

/// Folders of programs and libraries; on many systems links into `/usr`.
const FOLDERS: [&str; 6] = ["bin", "sbin", "lib", "lib64", "lib32", "libx32"];

/// Files and folders without which libraries find neither each other nor time and trust.
const SETTINGS: [&str; 7] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/ssl/certs",
    "/etc/fonts",
    "/etc/alternatives",
];

/// One part of the system as an instance sees it.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// The same path, read only.
    Shown(PathBuf),
    /// A link: where, and to what.
    Link(PathBuf, PathBuf),
}

/// The parts that this machine has.
pub fn parts() -> io::Result<Vec<Part>> {
    let mut parts = vec![Part::Shown(PathBuf::from("/usr"))];
    for name in FOLDERS {
        let path = Path::new("/").join(name);
        match path.symlink_metadata() {
            Ok(found) if found.is_symlink() => {
                parts.push(Part::Link(path.clone(), std::fs::read_link(&path)?));
            }
            Ok(_) => parts.push(Part::Shown(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let settings = SETTINGS.iter().map(PathBuf::from);
    parts.extend(settings.filter(|path| path.exists()).map(Part::Shown));
    parts.extend(java_settings(Path::new("/etc"))?.map(Part::Shown));
    Ok(parts)
}

/// Where distributions keep the settings of their Java, to which links in its own folder lead.
fn java_settings(etc: &Path) -> io::Result<impl Iterator<Item = PathBuf>> {
    let entries = std::fs::read_dir(etc)?.collect::<io::Result<Vec<_>>>()?;
    Ok(entries.into_iter().filter_map(|entry| {
        let name = entry.file_name();
        (name == "java" || name.as_encoded_bytes().starts_with(b"java-")).then(|| entry.path())
    }))
}

/// A list of users with `uid` in it, for programs that ask for their own name.
pub fn users(uid: u32) -> String {
    format!("app:x:{uid}:{uid}:app:/tmp:/usr/sbin/nologin\n")
}

/// The groups that belong to [`users`].
pub fn groups(uid: u32) -> String {
    format!("app:x:{uid}:\n")
}

#[cfg(test)]
mod tests {
    use super::java_settings;

    #[test]
    fn settings_of_java_are_shown_and_others_are_not() {
        let etc = tempfile::tempdir().expect("a folder");
        for name in ["java", "java-17-openjdk", "javascript", "shadow"] {
            std::fs::create_dir(etc.path().join(name)).expect("made");
        }
        let shown = java_settings(etc.path()).expect("read");
        let mut names: Vec<_> = shown
            .filter_map(|path| Some(path.file_name()?.to_owned()))
            .collect();
        names.sort();
        assert_eq!(names, ["java", "java-17-openjdk"]);
    }
}
