//! The settings of the program: `portal.toml`, and the environment before it.
//!
//! The only module that reads the environment. Every message names the setting, the rule and the remedy.

mod amounts;
mod regions;
mod rules;
mod settings;
mod sites;

use crate::fault_injection::FaultInjection;
use crate::socket_path;
use amounts::{limits, quotas, retention};
use anyhow::{Context, Result, bail};
use control::config::{Limits, Retention};
use control::model::regions::Serving;
use control::objects::settings::Bucket;
use domain::apps_address::AppsAddress;
use domain::networks::read_networks;
use domain::quotas::Amounts;
use domain::regions::RegionCode;
use ipnet::IpNet;
use regions::read_regions;
use secrecy::SecretString;
use settings::Settings;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

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
    /// `APPS_URL`, `APPS_DOMAIN`: where apps are found in browsers.
    pub apps: AppsAddress,
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
    pub trusted_proxies: Vec<IpNet>,
    /// `PORTAL_FAULT`: where the process ends itself, for tests.
    pub fault: FaultInjection,
    /// `[limits]`: what a package may be.
    pub limits: Limits,
    /// `[retention]`: how long what has ended is kept.
    pub retention: Retention,
    /// `[quotas]`: what a company may use.
    pub quotas: Amounts,
    /// `[objects]`: the bucket that keeps files; a folder of the data folder when absent.
    pub objects: Option<Bucket>,
    /// `[regions.CODE]`: what serves a region, before its row and the defaults.
    pub regions: BTreeMap<RegionCode, Serving>,
    /// What works and is not wise, to be said at the start.
    pub warning: Option<String>,
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
        let environment: BTreeMap<String, String> = std::env::vars().collect();
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
        Self::read(&text, &environment)
    }

    /// Reads settings from the text of a file and an environment.
    pub fn read(file: &str, environment: &BTreeMap<String, String>) -> Result<Self> {
        let settings = Settings::read(file, environment)?;
        let issuer = read_issuer(&settings)?;
        let portal_addr = rules::address("PORTAL_ADDR", settings.portal_addr, "127.0.0.1:3000")?;
        let portal_url = match settings.portal_url {
            Some(text) => rules::portal_url(&text)?,
            None => format!("http://localhost:{}", portal_addr.port()),
        };
        let data = rules::absolute(settings.portal_data.unwrap_or_else(|| "var".to_owned()))?;
        let cell_socket = match settings.cell_socket {
            Some(path) => rules::absolute(&path)?,
            None => socket_path::folder(data.join("cell"), CELL_SOCKET).join(CELL_SOCKET),
        };
        let apps_addr = rules::address("APPS_ADDR", settings.apps_addr, "127.0.0.1:8080")?;
        let apps = read_apps(
            settings.apps_url.as_deref(),
            settings.apps_domain.as_deref(),
            apps_addr.port(),
        )?;
        let postgres_user = settings.postgres_user;
        let trusted_proxies = settings.trusted_proxies.as_deref();
        let trusted_proxies = trusted_proxies.map(|it| read_networks("TRUSTED_PROXIES", it));
        Ok(Self {
            portal_addr,
            warning: sites::check(&portal_url, &apps.domain)?,
            portal_url,
            apps_addr,
            apps,
            database_url: settings.database_url.map(rules::database_url).transpose()?,
            issuer,
            cell_socket,
            postgres_user: postgres_user.unwrap_or_else(|| "postgres".to_owned()),
            site: match settings.portal_site {
                Some(path) => rules::absolute(&path)?,
                None => find_site()?,
            },
            sealing_key: settings.portal_sealing_key.map(SecretString::from),
            trusted_proxies: trusted_proxies.transpose()?.unwrap_or_default(),
            fault: FaultInjection::parse(settings.portal_fault.as_deref())?,
            limits: limits(&settings.limits),
            retention: retention(&settings.retention),
            quotas: quotas(&settings.quotas),
            objects: settings.objects.bucket().context("portal.toml")?,
            regions: read_regions(settings.regions)?,
            runtime: settings.runtime.unwrap_or_else(|| "sample".to_owned()),
            data,
        })
    }
}

/// Where apps are found: the public address, or the domain and the port where they are served.
fn read_apps(url: Option<&str>, domain: Option<&str>, port: u16) -> Result<AppsAddress> {
    let domain = domain.map(rules::domain).transpose()?;
    let Some(url) = url else {
        return Ok(AppsAddress {
            secure: false,
            domain: domain.unwrap_or_else(|| "apps.localhost".to_owned()),
            port,
        });
    };
    let apps = rules::apps_url(url)?;
    if domain.is_some_and(|domain| domain != apps.domain) {
        bail!(
            "APPS_DOMAIN: another one than that of APPS_URL, {}; leave APPS_DOMAIN out",
            apps.domain
        );
    }
    Ok(apps)
}

fn read_issuer(settings: &Settings) -> Result<Option<IssuerSettings>> {
    let Some(issuer) = &settings.mxid_issuer else {
        return Ok(None);
    };
    let needed = |name: &str, given: &Option<String>| {
        given.clone().with_context(|| {
            format!(
                "{name}: missing; with MXID_ISSUER set, the client registered there must be given"
            )
        })
    };
    Ok(Some(IssuerSettings {
        issuer: rules::issuer(issuer)?,
        client_id: needed("MXID_CLIENT_ID", &settings.mxid_client_id)?,
        client_secret: needed("MXID_CLIENT_SECRET", &settings.mxid_client_secret)?.into(),
    }))
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
    rules::absolute(found.unwrap_or_else(|| PathBuf::from("target/site")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::quotas::QuotaKind;

    fn read(file: &str, environment: &[(&str, &str)]) -> Result<Config> {
        let owned = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Config::read(file, &owned)
    }

    #[test]
    fn the_environment_may_give_the_key_of_a_bucket() {
        let file = "[objects]\nurl = \"s3://portal/acme\"\naccess_key_id = \"portal\"\nendpoint = \"http://127.0.0.1:9000\"\npath_style = false";
        let config = read(file, &[("OBJECTS_SECRET_ACCESS_KEY", "5e7c9e")]).expect("is read");
        let shown = format!("{config:?}");
        let bucket = config.objects.expect("a bucket");
        assert_eq!(
            (bucket.name.as_str(), bucket.prefix.as_str()),
            ("portal", "acme")
        );
        assert!(!bucket.path_style && !shown.contains("5e7c9e"));
    }

    #[test]
    fn everything_has_a_default() {
        let config = read("", &[]).expect("is read");
        assert_eq!(config.portal_addr.to_string(), "127.0.0.1:3000");
        assert_eq!(config.portal_url, "http://localhost:3000");
        assert_eq!(config.apps.url("shop"), "http://shop.apps.localhost:8080");
        assert_eq!(config.warning, None);
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
        assert_eq!(config.apps.domain, "apps.test");
    }

    #[test]
    fn apps_behind_a_proxy_have_its_address() {
        for (url, app) in [
            ("https://apps.test", "https://shop.apps.test"),
            ("https://apps.test:8443/", "https://shop.apps.test:8443"),
            ("http://apps.test", "http://shop.apps.test"),
        ] {
            let config = read("", &[("APPS_URL", url), ("APPS_ADDR", "127.0.0.1:9000")]);
            let config = config.expect("is read");
            assert_eq!(config.apps.url("shop"), app);
            assert_eq!(config.apps_addr.port(), 9000);
        }
    }

    #[test]
    fn regions_and_limits() {
        let file = "[limits]\npackage_bytes = 1000\n[quotas]\napps = 3\n[regions.uk-london]\npostgres = \"postgres://admin:pw@db.uk:5433/postgres\"\nbuckets = \"/srv/uk\"";
        let config = read(file, &[]).expect("is read");
        assert_eq!(config.limits.package_bytes, 1000);
        assert_eq!(config.quotas, Amounts::usual().with(QuotaKind::Apps, 3));
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
                ("APPS_URL", "apps.example.com"),
                ["APPS_URL", "https://"],
            ),
            (
                "",
                ("APPS_URL", "https://apps.example.com/x"),
                ["APPS_URL", "alone"],
            ),
            (
                "apps_domain = \"apps.test\"",
                ("APPS_URL", "https://apps.example.com"),
                ["APPS_DOMAIN", "APPS_URL"],
            ),
            (
                "portal_url = \"https://portal.example.com\"",
                ("APPS_DOMAIN", "portal.example.com"),
                ["APPS_DOMAIN", "another domain"],
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
                "[regions.m_ars]\n",
                ("X", ""),
                ["regions.m_ars", "code has"],
            ),
        ] {
            let error = format!("{:#}", read(file, &[environment]).expect_err("is refused"));
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }
}
