//! The control plane as the configuration has it: its database, its regions, its keys.

use crate::config::Config;
use crate::local::postgres::cluster::{Cluster, Purpose};
use crate::{private_file, schema};
use anyhow::{Context, Result, bail};
use control::clock::SystemClock;
use control::config::RegionServer;
use control::objects::Objects;
use control::secrets::Secrets;
use control::state::State;
use domain::regions::{REGIONS, RegionCode};
use engine::cell::CellEngine;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

const CONNECTIONS: u32 = 20;
const DATABASE_MAY_TAKE: Duration = Duration::from_secs(10);

/// The control plane over its database, whose schema is brought up to date.
pub async fn open(config: &Config) -> Result<State> {
    let database = Database::find(config)?;
    let pool = connect(&database).await?;
    schema::bring_up_to_date(&pool, &control::MIGRATOR).await?;
    Ok(State {
        engine: Arc::new(CellEngine::new(config.cell_socket.clone())),
        config: control_config(config, &database)?,
        clock: Arc::new(SystemClock),
        secrets: Secrets::new(&sealing_key(config)?),
        objects: objects(config)?,
        pool,
    })
}

/// The portal's database and, unless a region says otherwise, the regions' server.
struct Database {
    portal: SecretString,
    admin: SecretString,
}

impl Database {
    fn find(config: &Config) -> Result<Self> {
        if let Some(url) = &config.database_url {
            return Ok(Self {
                portal: url.clone(),
                admin: url.clone(),
            });
        }
        Ok(Self {
            portal: Cluster::locate(config, Purpose::Portal)?.portal_url(),
            admin: Cluster::locate(config, Purpose::Apps)?.admin_url(),
        })
    }
}

async fn connect(database: &Database) -> Result<PgPool> {
    let options = PgConnectOptions::from_str(database.portal.expose_secret()).context(
        "DATABASE_URL: cannot be read; give postgres://user:password@host:port/database",
    )?;
    // All of them are opened now and kept: on a server that apps use too, there might be none later.
    PgPoolOptions::new()
        .min_connections(CONNECTIONS)
        .max_connections(CONNECTIONS)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(DATABASE_MAY_TAKE)
        .connect_with(options.application_name("portal"))
        .await
        .context("the portal's database cannot be reached; check DATABASE_URL, or start everything with `portal up`")
}

/// The store of files: the bucket that is set, or a folder; what lies here is the portal's alone.
fn objects(config: &Config) -> Result<Objects> {
    let [folder, copies] = ["objects", "objects-cache"].map(|name| config.data.join(name));
    let private = |folder: &Path| {
        if let Err(error) = private_file::create_dir(folder) {
            tracing::warn!(%error, "a folder of objects cannot be made");
        }
    };
    private(&folder);
    let opened = match &config.objects {
        Some(bucket) => {
            private(&copies);
            Objects::in_bucket(bucket, &folder, copies)
        }
        None => Objects::in_folder(folder),
    };
    opened.context("opening the object store")
}

fn control_config(config: &Config, database: &Database) -> Result<control::config::Config> {
    let codes = REGIONS.iter().map(|region| region.code);
    Ok(control::config::Config {
        portal_url: config.portal_url.clone(),
        apps_domain: config.apps_domain.clone(),
        apps_port: config.apps_addr.port(),
        limits: config.limits,
        regions: codes
            .map(|code| Ok((code, region(config, database, code)?)))
            .collect::<Result<BTreeMap<_, _>>>()?,
    })
}

fn region(config: &Config, database: &Database, code: RegionCode) -> Result<RegionServer> {
    let settings = config.regions.get(&code).cloned().unwrap_or_default();
    let admin = settings.postgres.unwrap_or_else(|| database.admin.clone());
    let options = PgConnectOptions::from_str(admin.expose_secret())
        .with_context(|| format!("regions.{code}.postgres: cannot be read; give postgres://user:password@host:port/database"))?;
    let host = match options.get_socket() {
        Some(folder) => folder
            .to_str()
            .context("the folder of the database's socket is not UTF-8")?
            .to_owned(),
        None => options.get_host().to_owned(),
    };
    let buckets = settings.buckets.unwrap_or_else(|| {
        config
            .data
            .join("regions")
            .join(code.as_str())
            .join("buckets")
    });
    std::fs::create_dir_all(&buckets).with_context(|| format!("making {}", buckets.display()))?;
    Ok(RegionServer {
        postgres_admin_url: admin,
        postgres_host: host,
        postgres_port: options.get_port(),
        buckets_dir: buckets,
        runtime: settings.runtime.unwrap_or_else(|| config.runtime.clone()),
    })
}

fn sealing_key(config: &Config) -> Result<[u8; 32]> {
    let key = match &config.sealing_key {
        Some(key) => key.clone(),
        None => private_file::read_or_generate(&config.data.join("secrets").join("sealing-key"))?,
    };
    let bytes = hex::decode(key.expose_secret())
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    match bytes {
        Some(bytes) => Ok(bytes),
        None => bail!(
            "PORTAL_SEALING_KEY: must be 64 hexadecimal digits; make one with `openssl rand -hex 32`"
        ),
    }
}
