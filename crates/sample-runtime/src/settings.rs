//! What the process is started with.

use anyhow::bail;
use clap::Parser;
use secrecy::SecretString;
use std::fmt;
use std::path::PathBuf;

/// A small server in the place of a Mendix runtime.
#[derive(Parser)]
#[command(version)]
pub struct Settings {
    /// The folder with `model/`, `web/` and `data/`.
    pub app_base: PathBuf,

    /// The password of the admin protocol.
    #[arg(long, env = "M2EE_ADMIN_PASS", hide_env_values = true)]
    pub admin_pass: SecretString,

    /// The unix socket of the admin protocol.
    #[arg(long, env = "M2EE_ADMIN_SOCKET")]
    pub admin_socket: Option<PathBuf>,

    /// The port of the admin protocol on 127.0.0.1, when there is no socket.
    #[arg(long, env = "M2EE_ADMIN_PORT")]
    pub admin_port: Option<u16>,

    /// The unix socket of the app.
    #[arg(long, env = "M2EE_RUNTIME_SOCKET")]
    pub runtime_socket: Option<PathBuf>,

    /// The port of the app on 127.0.0.1, when there is no socket.
    #[arg(long, env = "M2EE_RUNTIME_PORT")]
    pub runtime_port: Option<u16>,

    /// Which of the environment's instances this is.
    #[arg(long, env = "INSTANCE_INDEX", default_value_t = 0)]
    pub instance_index: u16,

    /// The name of this very instance.
    #[arg(long, env = "INSTANCE_ID", default_value = "unnamed")]
    pub instance_id: String,

    /// The memory this instance may use, MiB, when it is told.
    #[arg(long, env = "MEMORY_LIMIT_MIB")]
    pub memory_limit_mib: Option<u64>,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A unix socket.
    Socket(PathBuf),
    /// A port on 127.0.0.1.
    Port(u16),
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(formatter, "{}", path.display()),
            Self::Port(port) => write!(formatter, "127.0.0.1:{port}"),
        }
    }
}

impl Settings {
    /// Where the admin protocol is spoken.
    pub fn admin_address(&self) -> anyhow::Result<Address> {
        match address(self.admin_socket.as_ref(), self.admin_port) {
            Some(address) => Ok(address),
            None => bail!("set M2EE_ADMIN_SOCKET or M2EE_ADMIN_PORT"),
        }
    }

    /// Where the app is served, as far as the environment says it.
    pub fn runtime_address(&self) -> Option<Address> {
        address(self.runtime_socket.as_ref(), self.runtime_port)
    }
}

fn address(socket: Option<&PathBuf>, port: Option<u16>) -> Option<Address> {
    match (socket, port) {
        (Some(socket), _) => Some(Address::Socket(socket.clone())),
        (None, Some(port)) => Some(Address::Port(port)),
        (None, None) => None,
    }
}
