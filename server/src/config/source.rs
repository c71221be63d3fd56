//! Where a setting comes from: the environment first, then the file.

use anyhow::{Context, Result, bail};
use control::config::Limits;
use control::objects::settings::ObjectSettings;
use std::collections::HashMap;
use std::net::SocketAddr;
use toml::{Table, Value};

const NAMES: [&str; 17] = [
    "portal_addr",
    "portal_url",
    "apps_addr",
    "apps_domain",
    "portal_data",
    "database_url",
    "mxid_issuer",
    "mxid_client_id",
    "mxid_client_secret",
    "cell_socket",
    "postgres_user",
    "portal_site",
    "portal_sealing_key",
    "trusted_proxies",
    "portal_fault",
    "runtime",
    "limits",
];

/// The file's table and the environment.
pub struct Source {
    file: Table,
    environment: HashMap<String, String>,
}

impl Source {
    /// Reads the file's text; a name that no setting has is refused.
    pub fn new(file: &str, environment: HashMap<String, String>) -> Result<Self> {
        let file: Table = file
            .parse()
            .context("portal.toml: not in the form `name = value`")?;
        for name in file.keys() {
            if !NAMES.contains(&name.as_str()) && name != "regions" && name != "objects" {
                bail!(
                    "portal.toml: there is no such setting as `{name}`; docs/operations.md lists all of them"
                );
            }
        }
        Ok(Self { file, environment })
    }

    /// A setting as text; an empty one counts as absent.
    pub fn text(&self, name: &'static str) -> Result<Option<String>> {
        let given = match self.environment.get(&name.to_uppercase()) {
            Some(text) => Some(text.clone()),
            None => match self.file.get(name) {
                None => None,
                Some(Value::String(text)) => Some(text.clone()),
                Some(_) => bail!("portal.toml: `{name}` must be text in quotes"),
            },
        };
        Ok(given
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty()))
    }

    /// A setting as an address to listen on.
    pub fn address(&self, name: &'static str, default: &str) -> Result<SocketAddr> {
        let text = self.text(name)?.unwrap_or_else(|| default.to_owned());
        text.parse().with_context(|| {
            format!(
                "{}: `{text}` is not host:port with a numeric host; give one such as {default}",
                name.to_uppercase()
            )
        })
    }

    /// A table of the file; empty when absent.
    pub fn table(&self, name: &str) -> Result<Table> {
        match self.file.get(name) {
            None => Ok(Table::new()),
            Some(Value::Table(table)) => Ok(table.clone()),
            Some(_) => bail!("portal.toml: `{name}` must be a table, written [{name}.NAME]"),
        }
    }

    /// The object store; the environment may give every text of it: `OBJECTS_URL` and so on.
    pub fn objects(&self) -> Result<ObjectSettings> {
        const TEXTS: [&str; 5] = [
            "url",
            "endpoint",
            "region",
            "access_key_id",
            "secret_access_key",
        ];
        let mut table = self.table("objects")?;
        for name in TEXTS {
            let given = self
                .environment
                .get(&format!("OBJECTS_{}", name.to_uppercase()));
            if let Some(text) = given {
                table.insert(name.to_owned(), Value::String(text.clone()));
            }
            // Said here, since the parser would show what stands there.
            if table.get(name).is_some_and(|value| !value.is_str()) {
                bail!("portal.toml: `objects.{name}` must be text in quotes");
            }
        }
        table.try_into().context(
            "portal.toml: objects: has a name or a value that no setting takes; docs/operations.md lists all of them",
        )
    }

    /// The limits of packages.
    pub fn limits(&self) -> Result<Limits> {
        let mut limits = Limits::default();
        for (name, value) in self.table("limits")? {
            let field = match name.as_str() {
                "package_bytes" => &mut limits.package_bytes,
                "package_unpacked_bytes" => &mut limits.package_unpacked_bytes,
                "package_files" => &mut limits.package_files,
                _ => bail!(
                    "portal.toml: there is no such setting as `limits.{name}`; docs/operations.md lists all of them"
                ),
            };
            let number = value
                .as_integer()
                .and_then(|number| u64::try_from(number).ok())
                .filter(|number| *number > 0);
            *field = number.with_context(|| {
                format!("portal.toml: `limits.{name}` must be a whole number above 0")
            })?;
        }
        Ok(limits)
    }
}
