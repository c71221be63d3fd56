//! Both private clusters as `portal up` starts them, in a folder that their user can enter.

use secrecy::{ExposeSecret, SecretString};
use server::config::Config;
use server::fault_injection::FaultInjection;
use server::local::postgres::cluster::{Cluster, Purpose};
use server::local::postgres::server::Server;
use server::local::postgres::{portal_database, single_cluster};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::str::FromStr;
use tempfile::TempDir;

/// Two running clusters; they run on when this is dropped, as after a kill of the portal.
pub struct Clusters {
    /// The portal's.
    pub portal: Cluster,
    /// The apps'.
    pub apps: Cluster,
    servers: [Server; 2],
}

impl Clusters {
    /// Starts them, or takes them over, and sees to the portal's database.
    pub async fn start(config: &Config) -> Self {
        Self::try_start(config).await.expect("they start")
    }

    /// The same, where that may fail; what has begun to run goes on.
    pub async fn try_start(config: &Config) -> anyhow::Result<Self> {
        let faults = FaultInjection::default();
        single_cluster::become_the_apps(config, &faults).await?;
        let apps = Cluster::locate(config, Purpose::Apps)?;
        let portal = Cluster::locate(config, Purpose::Portal)?;
        let mut servers = [
            Server::new(portal.clone()).await?,
            Server::new(apps.clone()).await?,
        ];
        for server in &mut servers {
            server.start().await?;
        }
        portal_database::ensure(&apps, &portal, &faults).await?;
        Ok(Self {
            portal,
            apps,
            servers,
        })
    }

    /// Ends both.
    pub async fn stop(self) {
        for server in self.servers {
            server.stop().await.expect("stops");
        }
    }
}

/// A folder for the data, which the clusters' user can pass through.
pub fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))
        .expect("opened");
    folder
}

/// Settings with the data in `var` in the folder.
pub fn config(folder: &TempDir) -> Config {
    let data = folder.path().join("var").display().to_string();
    Config::read("", &BTreeMap::from([("PORTAL_DATA".to_owned(), data)])).expect("settings")
}

/// How to connect to an address.
pub fn on(url: &SecretString) -> PgConnectOptions {
    let options = PgConnectOptions::from_str(url.expose_secret());
    options.expect("an address").disable_statement_logging()
}

/// How to connect as the superuser.
pub fn superuser(cluster: &Cluster) -> PgConnectOptions {
    on(&cluster.superuser_url("postgres").expect("a password"))
}

/// A connection as the superuser.
pub async fn admin(cluster: &Cluster) -> PgConnection {
    superuser(cluster).connect().await.expect("the admin")
}
