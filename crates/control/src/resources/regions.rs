//! What serves a region: the settings' word first, then the row's, then the installation's defaults.

use super::databases::Server;
use super::engines::Named;
use crate::db;
use crate::error::{Error, Result};
use crate::model::regions::{SealedServing, Serving, owner};
use crate::state::State;
use domain::bad_row::BadRow;
use domain::regions::RegionCode;
use engine::Engine;
use engine::usage::Room;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

/// What serves a region.
pub(crate) struct RegionServers {
    /// The region's name, for people.
    pub(crate) name: String,
    pub(crate) postgres: PostgresServer,
    pub(crate) buckets_dir: PathBuf,
    /// The runtime entry of its engine.
    pub(crate) runtime: String,
}

impl RegionServers {
    /// Its database server, for those who make roles and databases.
    pub(crate) fn server(&self) -> Server<'_> {
        Server {
            url: &self.postgres.admin_url,
            region: &self.name,
        }
    }
}

/// A PostgreSQL server.
#[derive(Debug)]
pub(crate) struct PostgresServer {
    /// Its address for the role that may create roles and databases.
    pub(crate) admin_url: SecretString,
    /// As runtimes reach it: the folder of its unix socket, or a host name.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// An engine, and the regions that it serves.
pub(crate) struct EngineInUse {
    pub(crate) engine: Named,
    pub(crate) regions: Vec<String>,
}

/// What serves a region.
pub(crate) async fn servers(state: &State, code: &RegionCode) -> Result<RegionServers> {
    read(state, code, row(state, code).await?)
}

fn read(state: &State, code: &RegionCode, row: SealedServing) -> Result<RegionServers> {
    let name = row.name.clone();
    let row = open(state, code, row)?;
    let defaults = &state.config.region_defaults;
    let none = Serving::default();
    let settings = state.config.regions.get(code).unwrap_or(&none);
    // A server that the settings name is another than the one that the row says more of.
    let (url, host, port) = match &settings.postgres {
        Some(url) => (url, &settings.postgres_host, settings.postgres_port),
        None => (
            row.postgres.as_ref().unwrap_or(&defaults.postgres),
            &row.postgres_host,
            row.postgres_port,
        ),
    };
    let postgres = PostgresServer::new(url, host.as_deref(), port)
        .map_err(|why| unusable(code, "postgres_admin_url", why))?;
    let buckets = settings.buckets.clone().or(row.buckets);
    let runtime = settings.runtime.clone().or(row.runtime);
    Ok(RegionServers {
        name,
        postgres,
        buckets_dir: buckets.unwrap_or_else(|| defaults.folder.join(code.as_str()).join("buckets")),
        runtime: runtime.unwrap_or_else(|| defaults.runtime.clone()),
    })
}

/// A database server, and the regions whose databases it has.
pub(crate) struct ServerInUse {
    pub(crate) servers: RegionServers,
    pub(crate) regions: Vec<String>,
}

/// Every database server; a region whose server has no good address is left out.
pub(crate) async fn servers_in_use(state: &State) -> Result<Vec<ServerInUse>> {
    let rows = db::regions::all_serving(&mut *state.pool.acquire().await?).await?;
    let mut found: Vec<ServerInUse> = Vec::new();
    for (code, row) in rows {
        let Some(region) = RegionCode::parse(&code) else {
            continue;
        };
        let Ok(servers) = read(state, &region, row) else {
            continue;
        };
        let same = |it: &&mut ServerInUse| it.servers.postgres.is_same(&servers.postgres);
        match found.iter_mut().find(same) {
            Some(known) => known.regions.push(code),
            None => found.push(ServerInUse {
                servers,
                regions: vec![code],
            }),
        }
    }
    Ok(found)
}

/// The engine of a region.
pub(crate) async fn engine(state: &State, code: &RegionCode) -> Result<Arc<dyn Engine>> {
    let row = row(state, code).await?;
    named(state, code.as_str(), row.engine.as_deref())
        .map(|named| named.engine)
        .map_err(|why| unusable(code, "engine", why))
}

/// The room that the engine of a region has just told of; nothing where it has not, or serves none.
pub(crate) async fn room(
    state: &State,
    db: &mut PgConnection,
    code: &RegionCode,
) -> Result<Option<Room>> {
    let Some(row) = db::regions::serving(db, code).await? else {
        return Ok(None);
    };
    match named(state, code.as_str(), row.engine.as_deref()) {
        Ok(engine) => Ok(state.engines.room(&engine.name)),
        Err(_) => Ok(None),
    }
}

/// Every engine that serves a region; a region whose engine has no good address is left out.
pub(crate) async fn engines_in_use(state: &State) -> Result<Vec<EngineInUse>> {
    let rows = db::regions::engines(&mut *state.pool.acquire().await?).await?;
    let mut engines: BTreeMap<Arc<str>, EngineInUse> = BTreeMap::new();
    for (code, address) in rows {
        if let Ok(engine) = named(state, &code, address.as_deref()) {
            let name = Arc::clone(&engine.name);
            let regions = Vec::new();
            let in_use = engines.entry(name);
            let in_use = in_use.or_insert(EngineInUse { engine, regions });
            in_use.regions.push(code);
        }
    }
    Ok(engines.into_values().collect())
}

/// The codes of the regions that an engine serves.
pub(crate) async fn of_engine(state: &State, name: &str) -> Result<Vec<String>> {
    let engines = engines_in_use(state).await?.into_iter();
    let mut engines = engines.filter(|in_use| &*in_use.engine.name == name);
    Ok(engines
        .next()
        .map(|in_use| in_use.regions)
        .unwrap_or_default())
}

fn named(state: &State, code: &str, address: Option<&str>) -> std::result::Result<Named, String> {
    let settings = RegionCode::parse(code).and_then(|code| state.config.regions.get(&code));
    let address = settings.and_then(|it| it.engine.as_deref()).or(address);
    state.engines.get(address)
}

async fn row(state: &State, code: &RegionCode) -> Result<SealedServing> {
    let row = db::regions::serving(&mut *state.pool.acquire().await?, code).await?;
    row.ok_or_else(|| BadRow::missing("regions", code.as_str()).into())
}

fn open(state: &State, code: &RegionCode, row: SealedServing) -> Result<Serving> {
    let postgres = row
        .postgres
        .map(|sealed| state.secrets.open(&sealed, &owner(code.as_str())));
    let port = row.postgres_port.map(|port| {
        u16::try_from(port).map_err(|_| {
            let why = format!("{port} is no port; give one from 1 to 65535, or none.");
            unusable(code, "postgres_port", why)
        })
    });
    Ok(Serving {
        engine: row.engine,
        postgres: postgres.transpose()?,
        postgres_host: row.postgres_host,
        postgres_port: port.transpose()?,
        buckets: row.buckets.map(PathBuf::from),
        runtime: row.runtime,
    })
}

fn unusable(code: &RegionCode, field: &'static str, message: String) -> Error {
    let error = domain::names::NameError { field, message };
    BadRow::new("regions", code.as_str(), &error).into()
}

impl PostgresServer {
    /// Whether it is the same server, by its address.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.admin_url.expose_secret() == other.admin_url.expose_secret()
    }

    /// Whether it is on this machine, and so may share its disk with the engine's.
    pub(crate) fn is_here(&self) -> bool {
        self.host.starts_with('/')
    }

    /// The server of an address; runtimes reach it by the same one unless it is said otherwise.
    pub(crate) fn new(
        url: &SecretString,
        host: Option<&str>,
        port: Option<u16>,
    ) -> std::result::Result<Self, String> {
        const RULE: &str = "It is no address of a PostgreSQL server; give postgres://user:password@host:port/database.";
        let text = url.expose_secret();
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(RULE.to_owned());
        }
        let options = PgConnectOptions::from_str(text).map_err(|_| RULE.to_owned())?;
        let own_host = match options.get_socket() {
            Some(folder) => folder
                .to_str()
                .ok_or("The folder of its socket is not UTF-8.")?,
            None => options.get_host(),
        };
        Ok(Self {
            admin_url: url.clone(),
            host: host.unwrap_or(own_host).to_owned(),
            port: port.unwrap_or_else(|| options.get_port()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::PostgresServer;
    use secrecy::SecretString;

    #[test]
    fn runtimes_reach_a_server_as_the_portal_does_unless_it_is_said_otherwise() {
        let server = |url: &str, host, port| {
            PostgresServer::new(&SecretString::from(url), host, port)
                .map(|server| (server.host, server.port))
        };
        let text = |host: &str, port| Ok((host.to_owned(), port));
        let url = "postgres://admin:pw@db:5433/postgres";
        assert_eq!(server(url, None, None), text("db", 5433));
        assert_eq!(
            server(url, Some("db.inside"), Some(5432)),
            text("db.inside", 5432)
        );
        let socket = "postgres://admin:pw@localhost:5432/postgres?host=%2Frun%2Fpg";
        assert_eq!(server(socket, None, None), text("/run/pg", 5432));
        for bad in ["", "db:5432", "mysql://db", "postgres://["] {
            let refused = server(bad, None, None).expect_err("is refused");
            assert!(refused.contains("postgres://"), "{refused}");
        }
    }
}
