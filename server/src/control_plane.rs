//! The control plane as the configuration has it: its database, its regions, its keys.

use crate::config::Config;
use crate::local::postgres::cluster::{Cluster, Purpose};
use crate::local::postgres::single_cluster;
use crate::{private_file, schema};
use anyhow::{Context, Result, bail};
use control::clock::SystemClock;
use control::config::RegionDefaults;
use control::objects::Objects;
use control::packages::inspections::Inspections;
use control::resources::engines::Engines;
use control::secrets::Secrets;
use control::state::State;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

const CONNECTIONS: u32 = 20;
const DATABASE_MAY_TAKE: Duration = Duration::from_secs(10);

/// The control plane over its database, whose schema is brought up to date.
pub async fn open(config: &Config) -> Result<State> {
    if let Some(warning) = &config.warning {
        tracing::warn!("{warning}");
    }
    let database = Database::find(config)?;
    let pool = connect(&database).await?;
    schema::bring_up_to_date(&pool, &control::MIGRATOR).await?;
    let state = assemble(config, &database, pool)?;
    control::regions::check_settings(&state)
        .await
        .context("portal.toml")?;
    Ok(state)
}

/// What a start with this program would meet, in words; changes nothing in the database, which has to run. Folders
/// and keys that are missing are made. An error where it would not start.
pub async fn check_upgrade(config: &Config) -> Result<String> {
    let mut database = Database::find(config)?;
    let single = match &config.database_url {
        None => single_cluster::find(config)?,
        Some(_) => None,
    };
    if let Some(single) = single {
        database.portal = single.portal_url();
    }
    let pool = connect(&database).await?;
    let schema = schema::report(&pool, &control::MIGRATOR).await?;
    let state = Arc::new(assemble(config, &database, pool)?);
    let unknown = control::upgrade::unknown_operations(&state).await?;
    if unknown.is_empty() {
        return Ok(format!(
            "{schema}\nEvery unfinished operation can be finished by this release.\n"
        ));
    }
    let list: Vec<String> = unknown
        .iter()
        .map(|operation| format!("  {} ({})", operation.title, operation.saga))
        .collect();
    bail!(
        "{schema}\nThese operations were begun by a release whose steps this one does not know; let that release finish or cancel them first:\n{}",
        list.join("\n")
    )
}

fn assemble(config: &Config, database: &Database, pool: PgPool) -> Result<State> {
    Ok(State {
        engines: Engines::cells(&config.cell_socket),
        config: control_config(config, database),
        clock: Arc::new(SystemClock),
        secrets: Secrets::new(&sealing_key(config)?),
        objects: objects(config)?,
        inspections: Inspections::default(),
        pool,
    })
}

/// The portal's database and, unless a region says otherwise, the regions' server.
struct Database {
    portal: SecretString,
    regions: SecretString,
}

impl Database {
    fn find(config: &Config) -> Result<Self> {
        if let Some(url) = &config.database_url {
            return Ok(Self {
                portal: url.clone(),
                regions: url.clone(),
            });
        }
        Ok(Self {
            portal: Cluster::locate(config, Purpose::Portal)?.portal_url(),
            regions: Cluster::locate(config, Purpose::Apps)?.provisioner_url(),
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

fn control_config(config: &Config, database: &Database) -> control::config::Config {
    control::config::Config {
        portal_url: config.portal_url.clone(),
        apps: config.apps.clone(),
        limits: config.limits,
        retention: config.retention,
        quotas: config.quotas,
        region_defaults: RegionDefaults {
            postgres: database.regions.clone(),
            folder: config.data.join("regions"),
            runtime: config.runtime.clone(),
        },
        regions: config.regions.clone(),
    }
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
