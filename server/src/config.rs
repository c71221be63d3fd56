//! The settings of the program: `portal.toml`, and the environment before it.
//!
//! The only module that reads the environment. Every message names the setting, the rule and the remedy.

pub mod networks;
mod regions;
mod source;

use crate::socket_place;
use anyhow::{Context, Result, bail};
use control::config::Limits;
use control::model::regions::Serving;
use domain::regions::RegionCode;
use networks::{Network, read_networks};
use regions::read_regions;
use secrecy::SecretString;
use source::Source;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use url::{Host, Url};

const CELL_SOCKET: &str = "cell.sock";

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// `PORTAL_ADDR`: where the portal listens.
    pub portal_addr: SocketAddr,
    /// `PORTAL_URL`: the portal's address in browsers, without a slash at the end.
    pub portal_url: String,
    /// `APPS_ADDR`: where apps are served.
    pub apps_addr: SocketAddr,
    /// `APPS_DOMAIN`: the domain under which apps have their names.
    pub apps_domain: String,
    /// `PORTAL_DATA`: the folder of everything that is kept.
    pub data: PathBuf,
    /// `DATABASE_URL`: the portal's database; the private cluster when absent.
    pub database_url: Option<SecretString>,
    /// `MXID_ISSUER` and its client: who signs people in; the built-in provider when absent.
    pub issuer: Option<IssuerSettings>,
    /// `CELL_SOCKET`: the local engine.
    pub cell_socket: PathBuf,
    /// `POSTGRES_USER`: whom the private cluster runs as when the portal is started by root.
    pub postgres_user: String,
    /// `PORTAL_SITE`: the folder of scripts, styles and images that cargo-leptos has made.
    pub site: PathBuf,
    /// `PORTAL_SEALING_KEY`: 64 hexadecimal digits that seal secrets at rest; a file when absent.
    pub sealing_key: Option<SecretString>,
    /// `TRUSTED_PROXIES`: whose word on the address that a request comes from is taken.
    pub trusted_proxies: Vec<Network>,
    /// `PORTAL_FAULT`: where the process ends itself, for tests.
    pub fault: Option<String>,
    /// `[limits]`: what a package may be.
    pub limits: Limits,
    /// `[regions.CODE]`: what serves a region, before its row and the defaults.
    pub regions: BTreeMap<RegionCode, Serving>,
    /// `RUNTIME`: the runtime entry of the engine that apps run on.
    pub runtime: String,
}

/// An issuer that is not the built-in one.
#[derive(Debug, Clone)]
pub struct IssuerSettings {
    /// The issuer's address.
    pub issuer: Url,
    /// The portal's client id there.
    pub client_id: String,
    /// And its secret.
    pub client_secret: SecretString,
}

impl Config {
    /// Reads `portal.toml` (or the file that `PORTAL_CONFIG` names) and the environment of the process.
    pub fn load() -> Result<Self> {
        let environment: HashMap<String, String> = std::env::vars().collect();
        let named = environment.get("PORTAL_CONFIG").map(PathBuf::from);
        let path = named
            .clone()
            .unwrap_or_else(|| PathBuf::from("portal.toml"));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                String::new()
            }
            Err(error) => {
                return Err(error).with_context(|| {
                    format!(
                        "PORTAL_CONFIG: {} cannot be read; name a file that can, or unset it",
                        path.display()
                    )
                });
            }
        };
        Self::read(&text, environment)
    }

    /// Reads settings from the text of a file and an environment.
    pub fn read(file: &str, environment: HashMap<String, String>) -> Result<Self> {
        let source = Source::new(file, environment)?;
        let portal_addr = source.address("portal_addr", "127.0.0.1:3000")?;
        let portal_url = match source.text("portal_url")? {
            Some(text) => parse_portal_url(&text)?,
            None => format!("http://localhost:{}", portal_addr.port()),
        };
        let data = absolute(
            &source
                .text("portal_data")?
                .map_or_else(|| PathBuf::from("var"), PathBuf::from),
        )?;
        let cell_socket = match source.text("cell_socket")? {
            Some(path) => absolute(Path::new(&path))?,
            None => socket_place::folder(data.join("cell"), CELL_SOCKET).join(CELL_SOCKET),
        };
        Ok(Self {
            portal_addr,
            portal_url,
            apps_addr: source.address("apps_addr", "127.0.0.1:8080")?,
            apps_domain: parse_domain(
                &source
                    .text("apps_domain")?
                    .unwrap_or_else(|| "apps.localhost".to_owned()),
            )?,
            database_url: source
                .text("database_url")?
                .map(|text| parse_database_url(&text))
                .transpose()?,
            issuer: read_issuer(&source)?,
            cell_socket,
            postgres_user: source
                .text("postgres_user")?
                .unwrap_or_else(|| "postgres".to_owned()),
            site: match source.text("portal_site")? {
                Some(path) => absolute(Path::new(&path))?,
                None => find_site()?,
            },
            sealing_key: source.text("portal_sealing_key")?.map(SecretString::from),
            trusted_proxies: match source.text("trusted_proxies")? {
                Some(text) => read_networks("TRUSTED_PROXIES", &text)?,
                None => Vec::new(),
            },
            fault: source.text("portal_fault")?,
            limits: source.limits()?,
            regions: read_regions(source.table("regions")?)?,
            runtime: source
                .text("runtime")?
                .unwrap_or_else(|| "sample".to_owned()),
            data,
        })
    }
}

fn read_issuer(source: &Source) -> Result<Option<IssuerSettings>> {
    let Some(issuer) = source.text("mxid_issuer")? else {
        return Ok(None);
    };
    let needed = |name: &'static str| -> Result<String> {
        source.text(name)?.with_context(|| {
            format!(
                "{}: missing; with MXID_ISSUER set, the client registered there must be given",
                name.to_uppercase()
            )
        })
    };
    let url = Url::parse(&issuer)
        .ok()
        .filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    Ok(Some(IssuerSettings {
        issuer: url.with_context(|| format!("MXID_ISSUER: `{issuer}` is no web address; give the issuer exactly as it names itself, such as https://id.example.com"))?,
        client_id: needed("mxid_client_id")?,
        client_secret: SecretString::from(needed("mxid_client_secret")?),
    }))
}

fn parse_portal_url(text: &str) -> Result<String> {
    let Ok(url) = Url::parse(text) else {
        bail!(
            "PORTAL_URL: `{text}` is no web address; give scheme and host, such as https://portal.example.com"
        );
    };
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
        bail!(
            "PORTAL_URL: `{text}` must be scheme, host and port alone, such as https://portal.example.com"
        );
    }
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        bail!(
            "PORTAL_URL: `{text}` must start with https://, since browsers keep the session cookie only there; plain http:// works for localhost alone"
        );
    }
    Ok(url.origin().ascii_serialization())
}

fn parse_domain(text: &str) -> Result<String> {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if !text.split('.').all(label) {
        bail!(
            "APPS_DOMAIN: `{text}` is no domain; give lower-case labels joined by dots, such as apps.example.com"
        );
    }
    Ok(text.to_owned())
}

fn parse_database_url(text: &str) -> Result<SecretString> {
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        bail!("DATABASE_URL: must start with postgres://; unset it to use the private cluster");
    }
    Ok(SecretString::from(text.to_owned()))
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("finding the folder {}", path.display()))
}

/// The folder that cargo-leptos fills, beside the program or below the working folder.
fn find_site() -> Result<PathBuf> {
    let program = std::env::current_exe().context("finding the program's own folder")?;
    let beside = program
        .parent()
        .map(|folder| [folder.join("site"), folder.join("../site")]);
    let candidates = beside
        .into_iter()
        .flatten()
        .chain([PathBuf::from("target/site")]);
    let found = candidates
        .into_iter()
        .find(|folder| folder.join("pkg").is_dir());
    absolute(&found.unwrap_or_else(|| PathBuf::from("target/site")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, environment: &[(&str, &str)]) -> Result<Config> {
        let owned = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Config::read(file, owned)
    }

    #[test]
    fn everything_has_a_default() {
        let config = read("", &[]).expect("is read");
        assert_eq!(config.portal_addr.to_string(), "127.0.0.1:3000");
        assert_eq!(config.portal_url, "http://localhost:3000");
        assert_eq!(config.apps_domain, "apps.localhost");
        assert!(config.database_url.is_none() && config.issuer.is_none());
        assert!(config.data.is_absolute() && config.cell_socket.starts_with(&config.data));
    }

    #[test]
    fn the_environment_comes_before_the_file() {
        let config = read(
            "portal_addr = \"127.0.0.1:4000\"\napps_domain = \"apps.test\"",
            &[("PORTAL_ADDR", "127.0.0.1:5000")],
        );
        let config = config.expect("is read");
        assert_eq!(config.portal_addr.port(), 5000);
        assert_eq!(config.portal_url, "http://localhost:5000");
        assert_eq!(config.apps_domain, "apps.test");
    }

    #[test]
    fn regions_and_limits() {
        let file = "[limits]\npackage_bytes = 1000\n[regions.uk-london]\npostgres = \"postgres://admin:pw@db.uk:5433/postgres\"\nbuckets = \"/srv/uk\"";
        let config = read(file, &[]).expect("is read");
        assert_eq!(config.limits.package_bytes, 1000);
        assert_eq!(config.limits.package_files, Limits::default().package_files);
        assert_eq!(config.regions.len(), 1);
        assert!(
            !format!("{config:?}").contains("pw@"),
            "no secret in the debug text"
        );
    }

    #[test]
    fn refusals_name_the_setting_and_the_remedy() {
        for (file, environment, words) in [
            ("", ("PORTAL_ADDR", "3000"), ["PORTAL_ADDR", "host:port"]),
            (
                "",
                ("PORTAL_URL", "http://portal.example.com"),
                ["PORTAL_URL", "https://"],
            ),
            (
                "",
                ("PORTAL_URL", "https://portal.example.com/x"),
                ["PORTAL_URL", "alone"],
            ),
            ("", ("APPS_DOMAIN", "Apps_"), ["APPS_DOMAIN", "lower-case"]),
            (
                "",
                ("DATABASE_URL", "mysql://x"),
                ["DATABASE_URL", "postgres://"],
            ),
            (
                "",
                ("MXID_ISSUER", "https://id.example.com"),
                ["MXID_CLIENT_ID", "MXID_ISSUER"],
            ),
            (
                "",
                ("TRUSTED_PROXIES", "10.0.0.1; proxy"),
                ["TRUSTED_PROXIES", "10.0.0.0/8"],
            ),
            ("colour = 1", ("X", ""), ["colour", "no such setting"]),
            (
                "[limits]\npackage_bytes = -1",
                ("X", ""),
                ["limits.package_bytes", "whole number"],
            ),
            (
                "[regions.Mars]\n",
                ("X", ""),
                ["regions.Mars", "lower-case letters"],
            ),
        ] {
            let error = format!("{:#}", read(file, &[environment]).expect_err("is refused"));
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }
}
