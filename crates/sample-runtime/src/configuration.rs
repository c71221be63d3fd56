//! The runtime's configuration, as the admin protocol gives it.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::fmt;

const POSTGRES_PORT: u16 = 5432;
const MOST_CONNECTIONS: u32 = 10;

/// The settings that this server uses.
pub struct Configuration {
    /// `DTAPMode`.
    pub dtap_mode: Option<String>,
    /// Whether `BasePath` is there.
    pub has_base_path: bool,
    /// Whether `RuntimePath` is there.
    pub has_runtime_path: bool,
    /// `MicroflowConstants`.
    pub constants: Map<String, Value>,
    /// `ConnectionPoolingMaxActive`, 10 unless given.
    pub most_connections: u32,
    /// Where the database is, when every part of it was given.
    pub database: Option<Database>,
}

/// Where the database is, and who may use it.
#[derive(Clone)]
pub struct Database {
    host: String,
    port: u16,
    /// The database.
    pub name: String,
    user: String,
    password: SecretString,
}

/// A setting that has a wrong value.
#[derive(Debug, PartialEq, Eq)]
pub struct WrongSetting(String);

impl fmt::Display for WrongSetting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Configuration {
    /// Reads `update_configuration`'s parameters; what this server does not know it ignores.
    pub fn read(settings: &Map<String, Value>) -> Result<Self, WrongSetting> {
        let text = |name: &str| {
            settings
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        if text("DatabaseType").is_some_and(|kind| !kind.eq_ignore_ascii_case("postgresql")) {
            return Err(WrongSetting("DatabaseType must be PostgreSQL".into()));
        }
        let database = match (
            text("DatabaseHost"),
            text("DatabaseName"),
            text("DatabaseUserName"),
        ) {
            (Some(host), Some(name), Some(user)) => {
                let (host, port) = split_host(&host)?;
                let password = text("DatabasePassword").unwrap_or_default().into();
                Some(Database {
                    host,
                    port,
                    name,
                    user,
                    password,
                })
            }
            _ => None,
        };
        Ok(Self {
            dtap_mode: text("DTAPMode"),
            has_base_path: settings.contains_key("BasePath"),
            has_runtime_path: settings.contains_key("RuntimePath"),
            constants: match settings.get("MicroflowConstants") {
                Some(Value::Object(constants)) => constants.clone(),
                Some(Value::Null) | None => Map::new(),
                Some(_) => {
                    return Err(WrongSetting("MicroflowConstants must be an object".into()));
                }
            },
            most_connections: most_connections(settings.get("ConnectionPoolingMaxActive"))?,
            database,
        })
    }
}

impl Database {
    /// How to connect to the database `name`, which is usually [`Database::name`].
    pub fn options(&self, name: &str) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass()
            .username(&self.user)
            .password(self.password.expose_secret())
            .database(name)
            .port(self.port)
            .application_name("sample-runtime");
        if self.host.starts_with('/') {
            options.socket(&self.host).ssl_mode(PgSslMode::Disable)
        } else {
            options.host(&self.host).ssl_mode(PgSslMode::Prefer)
        }
    }
}

/// `host`, `host:port`, or the folder of a unix socket with or without `:port`.
fn split_host(text: &str) -> Result<(String, u16), WrongSetting> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() => {
            let port = port
                .parse()
                .map_err(|_| WrongSetting("DatabaseHost has a port that is not a number".into()))?;
            Ok((host.to_owned(), port))
        }
        _ => Ok((text.to_owned(), POSTGRES_PORT)),
    }
}

fn most_connections(value: Option<&Value>) -> Result<u32, WrongSetting> {
    let number = match value {
        None | Some(Value::Null) => return Ok(MOST_CONNECTIONS),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    number
        .filter(|number| (1..=1000).contains(number))
        .ok_or_else(|| {
            WrongSetting("ConnectionPoolingMaxActive must be a number from 1 to 1000".into())
        })
}

#[cfg(test)]
mod tests {
    use super::split_host;

    #[test]
    fn the_host_may_be_a_folder_and_may_have_a_port() {
        for (text, host, port) in [
            ("db.example:5433", "db.example", 5433),
            ("db.example", "db.example", 5432),
            ("/run/postgres:5439", "/run/postgres", 5439),
            ("/run/postgres", "/run/postgres", 5432),
        ] {
            assert_eq!(split_host(text), Ok((host.to_owned(), port)), "{text}");
        }
        assert!(split_host("db.example:x").is_err());
    }
}
