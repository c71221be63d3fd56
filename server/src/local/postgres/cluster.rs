//! Where a cluster is and how it is reached.

use super::folders;
use super::owner::Owner;
use crate::config::Config;
use crate::private_file;
use anyhow::Result;
use control::resources::provisioner;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;

/// What a cluster is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The portal's own database.
    Portal,
    /// Databases and roles of environments.
    Apps,
}

impl Purpose {
    /// Its name in paths.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::Apps => "apps",
        }
    }

    /// Part of the socket's file name only: nothing listens on a port.
    fn port(self) -> u16 {
        match self {
            Self::Portal => 5433,
            Self::Apps => 5432,
        }
    }

    /// The file of the superuser's password. The apps' cluster has the one of before there were two.
    fn password_file(self) -> &'static str {
        match self {
            Self::Portal => "postgres-portal-superuser",
            Self::Apps => "postgres-superuser",
        }
    }
}

/// A cluster's places, and the passwords of the portal's roles.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub(super) purpose: Purpose,
    /// The folder of everything it keeps.
    pub(super) folder: PathBuf,
    pub(super) socket_dir: PathBuf,
    pub(super) log: PathBuf,
    pub(super) owner: Owner,
    pub(super) superuser_password_file: PathBuf,
    pub(super) portal_password: SecretString,
    pub(super) provisioner_password: SecretString,
}

impl Cluster {
    /// Finds the cluster's places; makes its folders and passwords when they are not there yet.
    pub fn locate(config: &Config, purpose: Purpose) -> Result<Self> {
        let owner = Owner::choose(&config.postgres_user)?;
        let (secrets, logs) = (config.data.join("secrets"), config.data.join("log"));
        for folder in [&config.data, &secrets, &logs] {
            private_file::create_dir(folder)?;
        }
        let base = folders::base(&config.data, &owner)?;
        let folder = base.join(purpose.name());
        folders::give_closed(&folder, &owner)?;
        let port = purpose.port();
        Ok(Self {
            purpose,
            socket_dir: match purpose {
                Purpose::Portal => folders::closed_socket(&folder, port, &owner)?,
                // Beside the cluster's folder, where the workloads of older installations look for it.
                Purpose::Apps => folders::open_socket(&base, port, &owner)?,
            },
            log: logs.join(format!("postgres-{}.log", purpose.name())),
            superuser_password_file: secrets.join(purpose.password_file()),
            portal_password: private_file::read_or_generate(&secrets.join("postgres-portal"))?,
            provisioner_password: private_file::read_or_generate(
                &secrets.join("postgres-provisioner"),
            )?,
            folder,
            owner,
        })
    }

    /// The address of the portal's own database, for the portal's own role.
    pub fn portal_url(&self) -> SecretString {
        self.url("portal", &self.portal_password, "portal")
    }

    /// The address for the role that makes databases and roles of environments.
    pub fn provisioner_url(&self) -> SecretString {
        self.url(provisioner::NAME, &self.provisioner_password, "postgres")
    }

    /// The folder that its socket is in.
    pub fn socket_dir(&self) -> &std::path::Path {
        &self.socket_dir
    }

    pub(super) fn port(&self) -> u16 {
        self.purpose.port()
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The address of one of its databases for the superuser, whom only those need who start and stop the cluster.
    pub fn superuser_url(&self, database: &str) -> Result<SecretString> {
        Ok(self.url(SUPERUSER, &self.superuser_password()?, database))
    }

    /// The superuser's password, made now where there is none yet.
    pub(super) fn superuser_password(&self) -> Result<SecretString> {
        private_file::read_or_generate(&self.superuser_password_file)
    }

    fn url(&self, role: &str, password: &SecretString, database: &str) -> SecretString {
        let folder = self.socket_dir.as_os_str().as_encoded_bytes();
        SecretString::from(format!(
            "postgres://{role}:{}@localhost:{}/{database}?host={}",
            password.expose_secret(),
            self.port(),
            percent_encode(folder, NON_ALPHANUMERIC)
        ))
    }
}

/// The role that `initdb` makes.
pub(super) const SUPERUSER: &str = "postgres";
