//! What a cell is told when it starts.

use crate::ingress::config::IngressConfig;
use crate::room::memory;
use anyhow::Context;
use domain::networks::read_networks;
use http::uri::Scheme;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use url::Url;

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
    /// The address of apps in browsers, without their own labels; `http` when absent.
    #[serde(default)]
    pub apps_url: Option<String>,
    /// Addresses and networks of the proxies whose word on where a request comes from is taken, with commas.
    #[serde(default)]
    pub trusted_proxies: Option<String>,
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
    /// Memory that instances may be promised, MiB; by default three quarters of the machine's.
    #[serde(default)]
    pub memory_mib: Option<u64>,
    /// How many times over that memory may be promised.
    #[serde(default = "default_overcommit")]
    pub memory_overcommit: f64,
    /// What stays free on the disk, MiB; by default 2 GiB, of a small disk a tenth.
    #[serde(default)]
    pub disk_reserve_mib: Option<u64>,
    /// What an instance may write beside its bucket, MiB, its log among it.
    #[serde(default = "default_run_folder")]
    pub run_folder_mib: u64,
    /// How often what environments take of the disk is measured, seconds.
    #[serde(default = "default_measure_every")]
    pub measure_every_seconds: u64,
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
    /// `runc` as root, and nothing where it does not work then; `bubblewrap` as any other user.
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
            apps_url: None,
            trusted_proxies: None,
            sandbox: SandboxChoice::Auto,
            zones: default_zones(),
            first_uid: default_first_uid(),
            ready_within_seconds: default_ready_within(),
            memory_mib: None,
            memory_overcommit: default_overcommit(),
            disk_reserve_mib: None,
            run_folder_mib: default_run_folder(),
            measure_every_seconds: default_measure_every(),
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
        anyhow::ensure!(
            (0.1..=100.0).contains(&self.memory_overcommit),
            "memory_overcommit: how many times over memory may be promised is 0.1 to 100, such as 1.5"
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

    /// MiB that instances may be promised.
    pub fn promisable_mib(&self) -> u64 {
        let memory = self.memory_mib.unwrap_or_else(memory::of_this_machine);
        // Thousandths, for there is no exact way from a fraction to a whole number.
        let thousandths = (self.memory_overcommit * 1000.0).round();
        let thousandths = format!("{thousandths:.0}").parse().unwrap_or(1000);
        memory.saturating_mul(thousandths) / 1000
    }

    /// What the ingress is told.
    pub fn ingress(&self) -> anyhow::Result<IngressConfig> {
        let mut ingress = IngressConfig::default();
        if let Some(text) = &self.apps_url {
            let url = Url::parse(text).ok();
            ingress.scheme = match url.as_ref().map(Url::scheme) {
                Some("https") => Scheme::HTTPS,
                Some("http") => Scheme::HTTP,
                _ => anyhow::bail!(
                    "apps_url: `{text}` is no web address; give one such as https://apps.example.com"
                ),
            };
        }
        if let Some(text) = self
            .trusted_proxies
            .as_deref()
            .filter(|it| !it.trim().is_empty())
        {
            ingress.trusted_proxies = read_networks("trusted_proxies", text)?;
        }
        Ok(ingress)
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

const fn default_overcommit() -> f64 {
    1.0
}

const fn default_run_folder() -> u64 {
    256
}

const fn default_measure_every() -> u64 {
    10
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
    fn memory_may_be_promised_more_than_once() {
        let config = |more: &str| -> Config {
            toml::from_str(&format!("data_dir = '/x'\n{more}")).expect("a configuration")
        };
        assert_eq!(config("memory_mib = 1000").promisable_mib(), 1000);
        let twice = config("memory_mib = 1000\nmemory_overcommit = 1.5");
        assert_eq!(twice.promisable_mib(), 1500);
        let folder = tempfile::tempdir().expect("a folder");
        let refused = Config {
            data_dir: folder.path().to_owned(),
            ..config("memory_overcommit = 0.0")
        };
        let said = refused.checked().expect_err("refused").to_string();
        assert!(said.contains("memory_overcommit"), "{said}");
    }

    #[test]
    fn the_ingress_is_told_of_proxies_and_of_the_public_address() {
        let read = |text: &str| {
            let config: Config =
                toml::from_str(&format!("data_dir = '/x'\n{text}")).expect("a configuration");
            config.ingress().map_err(|error| error.to_string())
        };
        let told =
            read("apps_url = 'https://apps.example.com'\ntrusted_proxies = '10.0.0.0/8, ::1'");
        let told = told.expect("is understood");
        assert_eq!(
            (told.scheme.as_str(), told.trusted_proxies.len()),
            ("https", 2)
        );
        let told = read("trusted_proxies = ''").expect("is understood");
        assert_eq!(
            (told.scheme.as_str(), told.trusted_proxies.len()),
            ("http", 0)
        );
        let refused = read("trusted_proxies = 'proxy'").expect_err("is refused");
        assert!(refused.starts_with("trusted_proxies: `proxy`"), "{refused}");
        let refused = read("apps_url = 'apps.example.com'").expect_err("is refused");
        assert!(refused.starts_with("apps_url: "), "{refused}");
    }

    #[test]
    fn a_misspelt_name_is_refused() {
        assert!(toml::from_str::<Config>("data_dir = '/x'\nzone = ['a']").is_err());
    }
}
