//! The private database cluster: started when no other database is named.
//!
//! It listens on a unix socket alone and asks everyone for a password. Started by root it runs as an
//! unprivileged user.

mod binaries;
mod bootstrap;
mod owner;
pub mod server;

use crate::config::Config;
use crate::private_file;
use crate::socket_place::{self, short_hash};
use anyhow::{Context, Result};
use owner::Owner;
use secrecy::{ExposeSecret, SecretString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Part of the socket's file name only: nothing listens on a port.
const PORT: u16 = 5432;

/// Where the cluster is and how it is reached.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The folder of everything it keeps.
    folder: PathBuf,
    socket_dir: PathBuf,
    log: PathBuf,
    owner: Owner,
    superuser_password: SecretString,
    superuser_password_file: PathBuf,
    portal_password: SecretString,
}

impl Cluster {
    /// Finds the cluster's places; makes its folders and passwords when they are not there yet.
    pub fn locate(config: &Config) -> Result<Self> {
        let owner = Owner::choose(&config.postgres_user)?;
        let secrets = config.data.join("secrets");
        private_file::create_dir(&config.data)?;
        private_file::create_dir(&secrets)?;
        let log_dir = config.data.join("log");
        private_file::create_dir(&log_dir)?;
        let folder = folder(&config.data, &owner)?;
        let socket_dir = socket_dir(&folder, &owner)?;
        let superuser_password_file = secrets.join("postgres-superuser");
        Ok(Self {
            socket_dir,
            log: log_dir.join("postgres.log"),
            superuser_password: private_file::read_or_generate(&superuser_password_file)?,
            superuser_password_file,
            portal_password: private_file::read_or_generate(&secrets.join("postgres-portal"))?,
            folder,
            owner,
        })
    }

    /// The address of the portal's own database, for the portal's own role.
    pub fn portal_url(&self) -> SecretString {
        self.url("portal", &self.portal_password, "portal")
    }

    /// The address for the role that may create roles and databases.
    pub fn admin_url(&self) -> SecretString {
        self.url("postgres", &self.superuser_password, "postgres")
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn url(&self, role: &str, password: &SecretString, database: &str) -> SecretString {
        let folder: String =
            url::form_urlencoded::byte_serialize(self.socket_dir.as_os_str().as_encoded_bytes())
                .collect();
        SecretString::from(format!(
            "postgres://{role}:{}@localhost:{PORT}/{database}?host={folder}",
            password.expose_secret()
        ))
    }
}

/// `postgres` in the data folder; or, where the cluster's user cannot get there, a folder that it can,
/// with a link from the data folder to it.
fn folder(data: &Path, owner: &Owner) -> Result<PathBuf> {
    let wanted = data.join("postgres");
    if let Ok(target) = std::fs::read_link(&wanted) {
        return Ok(target);
    }
    if !owner.is_other() {
        private_file::create_dir(&wanted)?;
        return Ok(wanted);
    }
    let place = if owner.reaches(data.parent().unwrap_or(data))? {
        open_to_pass(data)?;
        wanted
    } else {
        let place = Path::new("/var/lib/cloud-portal")
            .join(short_hash(data))
            .join("postgres");
        std::fs::create_dir_all(&place).with_context(|| format!("making {}", place.display()))?;
        std::os::unix::fs::symlink(&place, &wanted)
            .with_context(|| format!("linking {}", wanted.display()))?;
        place
    };
    std::fs::create_dir_all(&place).with_context(|| format!("making {}", place.display()))?;
    open_to_pass(&place)?;
    Ok(place)
}

/// Lets others pass through a folder without seeing what is in it.
fn open_to_pass(folder: &Path) -> Result<()> {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711))
        .with_context(|| format!("opening {} to pass", folder.display()))
}

/// `socket` beside the data, or a short path instead.
fn socket_dir(folder: &Path, owner: &Owner) -> Result<PathBuf> {
    let place = socket_place::folder(folder.join("socket"), &format!(".s.PGSQL.{PORT}"));
    if !place.exists() {
        socket_place::create(&place)?;
        owner.give(&place)?;
        open_to_pass(&place)?;
    }
    Ok(place)
}
