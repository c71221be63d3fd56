//! What a cell is told when it starts.

use anyhow::Context;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Everything a cell is told; a TOML file has the same names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder that is the cell's own.
    pub data_dir: PathBuf,
    /// Where the engine's interface listens; `cell.sock` in the data folder when absent.
    #[serde(default)]
    pub socket: Option<PathBuf>,
    /// Where requests for apps arrive.
    #[serde(default = "default_apps_addr")]
    pub apps_addr: SocketAddr,
    /// Which sandbox to use.
    #[serde(default)]
    pub sandbox: SandboxChoice,
    /// Zone labels that instances are spread over.
    #[serde(default = "default_zones")]
    pub zones: Vec<String>,
    /// The first of the user ids that environments get.
    #[serde(default = "default_first_uid")]
    pub first_uid: u32,
    /// How long a started runtime may take until it answers requests, seconds.
    #[serde(default = "default_ready_within")]
    pub ready_within_seconds: u64,
    /// Serve addresses that others reach also where nothing limits what an app takes of the machine.
    #[serde(default)]
    pub allow_unlimited: bool,
    /// Runtimes by name.
    #[serde(default)]
    pub runtimes: BTreeMap<String, Runtime>,
}

/// Which sandbox to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum SandboxChoice {
    /// `runc` where it works, else `bubblewrap`.
    #[default]
    Auto,
    /// `runc`, or nothing.
    Runc,
    /// `bubblewrap`, or nothing.
    Bubblewrap,
}

/// How a runtime is started.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Runtime {
    /// A program that listens on the unix sockets it is given.
    Program {
        /// The program.
        path: PathBuf,
    },
    /// A Mendix Runtime, which listens on TCP ports only.
    Mendix {
        /// The Java program.
        java: PathBuf,
        /// The unpacked runtime: the folder that has `runtime/launcher/runtimelauncher.jar`.
        runtime_dir: PathBuf,
    },
}

impl Config {
    /// A configuration with the defaults for everything else.
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            socket: None,
            apps_addr: default_apps_addr(),
            sandbox: SandboxChoice::Auto,
            zones: default_zones(),
            first_uid: default_first_uid(),
            ready_within_seconds: default_ready_within(),
            allow_unlimited: false,
            runtimes: BTreeMap::new(),
        }
    }

    /// Reads a TOML file.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("reading the configuration {}", file.display()))?;
        toml::from_str(&text)
            .with_context(|| format!("understanding the configuration {}", file.display()))
    }

    /// Makes paths absolute and refuses what cannot work.
    pub fn checked(mut self) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&self.data_dir)
            .with_context(|| format!("making the data folder {}", self.data_dir.display()))?;
        self.data_dir = self.data_dir.canonicalize()?;
        anyhow::ensure!(
            !self.zones.is_empty(),
            "zones: at least one label is needed, such as --zones a"
        );
        for (name, runtime) in &mut self.runtimes {
            let paths: Vec<&mut PathBuf> = match runtime {
                Runtime::Program { path } => vec![path],
                Runtime::Mendix { java, runtime_dir } => vec![java, runtime_dir],
            };
            for path in paths {
                *path = path.canonicalize().with_context(|| {
                    format!("runtime {name}: {} cannot be found", path.display())
                })?;
            }
        }
        Ok(self)
    }

    /// Where the engine's interface listens.
    pub fn socket(&self) -> PathBuf {
        self.socket
            .clone()
            .unwrap_or_else(|| self.data_dir.join("cell.sock"))
    }
}

fn default_apps_addr() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

fn default_zones() -> Vec<String> {
    ["a", "b", "c"].map(str::to_owned).to_vec()
}

/// In a range that no distribution gives out: neither to people, nor in `/etc/subuid`, nor to containers.
const fn default_first_uid() -> u32 {
    1_900_000_000
}

const fn default_ready_within() -> u64 {
    60
}

#[cfg(test)]
mod tests {
    use super::{Config, Runtime, SandboxChoice};

    #[test]
    fn a_file_may_name_both_kinds_of_runtime() {
        let config: Config = toml::from_str(
            "data_dir = '/var/lib/cell'\nsandbox = 'runc'\n\
             [runtimes.sample]\npath = '/usr/bin/sample'\n\
             [runtimes.mendix]\njava = '/usr/bin/java'\nruntime_dir = '/opt/mendix/runtime'\n",
        )
        .expect("a configuration");
        assert_eq!(config.sandbox, SandboxChoice::Runc);
        assert!(matches!(config.runtimes["mendix"], Runtime::Mendix { .. }));
        assert!(matches!(config.runtimes["sample"], Runtime::Program { .. }));
    }

    #[test]
    fn a_misspelt_name_is_refused() {
        assert!(toml::from_str::<Config>("data_dir = '/x'\nzone = ['a']").is_err());
    }
}
