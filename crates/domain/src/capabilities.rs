//! What each platform generation can do: the one table that code asks and that pages are drawn from.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A platform generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Generation {
    /// The older generation, for apps that need a VPN.
    V3,
    /// The generation of every new app.
    V4,
}

impl Generation {
    /// The code in forms and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V3 => "v3",
            Self::V4 => "v4",
        }
    }

    /// Reads a code.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "v3" => Some(Self::V3),
            "v4" => Some(Self::V4),
            _ => None,
        }
    }

    /// The row of the table.
    pub const fn capabilities(self) -> &'static Capabilities {
        match self {
            Self::V3 => &V3,
            Self::V4 => &V4,
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the debugger is switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Debugger {
    /// Enabled and disabled by hand, with a new password each time.
    ByHand,
    /// Always active; the page shows the credentials.
    AlwaysActive,
}

/// How many database connections an environment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// A fixed number.
    Static(u32),
    /// So many for each GiB of database memory.
    PerGib(u32),
}

/// What a generation can do.
#[derive(Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a feature matrix is a row of yes and no"
)]
pub struct Capabilities {
    /// Whether a new app may choose it in this portal, else why not.
    pub new_apps: Result<(), &'static str>,
    /// More than one instance for an environment.
    pub horizontal_scaling: bool,
    /// How the debugger is switched.
    pub debugger: Debugger,
    /// Database connections.
    pub connections: Connections,
    /// A VPN into the company's network.
    pub vpn: bool,
    /// A mail server beside the app.
    pub mail_server: bool,
    /// The Java security manager.
    pub java_security_manager: bool,
}

const V3: Capabilities = Capabilities {
    new_apps: Err(
        "Cloud v3 is the exception for apps that need a VPN. This portal runs no v3 environments: ask your Customer Success manager, or use client certificates on v4.",
    ),
    horizontal_scaling: false,
    debugger: Debugger::ByHand,
    connections: Connections::Static(50),
    vpn: true,
    mail_server: true,
    java_security_manager: true,
};

const V4: Capabilities = Capabilities {
    new_apps: Ok(()),
    horizontal_scaling: true,
    debugger: Debugger::AlwaysActive,
    connections: Connections::PerGib(100),
    vpn: false,
    mail_server: false,
    java_security_manager: false,
};

impl Connections {
    /// Connections for a database with this much memory.
    pub const fn for_memory(self, memory_mib: u32) -> u32 {
        match self {
            Self::Static(number) => number,
            Self::PerGib(number) => memory_mib * number / 1024,
        }
    }
}
