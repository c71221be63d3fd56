//! References to what an instance is made of: addresses that any engine can follow, no paths of one machine.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use url::Url;

/// A package: what it must be, and where it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageRef {
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Size of the file, bytes; 0 when it is not known.
    #[serde(default)]
    pub bytes: u64,
    /// Where the file is: `file:///…` on this machine.
    pub url: Url,
    /// Name and version, for logs: `Shop 2.4.1`.
    pub label: String,
}

/// A bucket: the files of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketRef {
    /// Where it is: `file:///…` for a folder on this machine.
    pub url: Url,
}

/// A database and the role that may use it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DatabaseRef {
    /// The server: the folder of its unix socket, or `host` of a TCP server.
    pub host: String,
    /// The server's port; part of the socket's file name too.
    pub port: u16,
    /// The database.
    pub name: String,
    /// The role.
    pub user: String,
    /// The role's password.
    #[serde(serialize_with = "crate::secret::expose")]
    pub password: SecretString,
}

/// A path that cannot be made an address.
#[derive(Debug, thiserror::Error)]
#[error("{} is not an absolute path", path.display())]
pub struct NotAbsolute {
    path: PathBuf,
}

/// The address of a file or folder on this machine.
pub fn file_url(path: &Path) -> Result<Url, NotAbsolute> {
    Url::from_file_path(path).map_err(|()| NotAbsolute {
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::file_url;
    use std::path::Path;

    #[test]
    fn a_path_with_odd_letters_comes_back_the_same() {
        let path = Path::new("/var/lib/a b/ü%41?#.mda");
        let url = file_url(path).expect("an address");
        assert_eq!(url.to_file_path().as_deref(), Ok(path));
    }

    #[test]
    fn a_relative_path_has_no_address() {
        let error = file_url(Path::new("var/a.mda")).expect_err("refused");
        assert!(error.to_string().contains("var/a.mda"), "{error}");
    }
}
