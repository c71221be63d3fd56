//! The private cluster, for real: made, found again, taken over, closed to its tenants.

use secrecy::ExposeSecret;
use server::config::Config;
use server::local::postgres::cluster::Cluster;
use server::local::postgres::server::Server;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, raw_sql};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::str::FromStr;

#[tokio::test]
async fn a_cluster_is_made_found_again_and_taken_over() {
    let folder = tempfile::tempdir().expect("a folder");
    // The database's user must be able to pass.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))
        .expect("opened");
    let data = folder.path().join("var");
    let settings = HashMap::from([("PORTAL_DATA".to_owned(), data.display().to_string())]);
    let config = Config::read("", settings).expect("settings");
    let cluster = Cluster::locate(&config).expect("a place");
    let server = started(cluster.clone()).await;

    let url = cluster.portal_url();
    let options = PgConnectOptions::from_str(url.expose_secret())
        .expect("an address")
        .disable_statement_logging();
    let mut portal = options.connect().await.expect("the portal gets in");
    raw_sql("create table kept (x int)")
        .execute(&mut portal)
        .await
        .expect("the portal's database is its own");
    let superuser: String = sqlx::query_scalar("select current_setting('is_superuser')")
        .fetch_one(&mut portal)
        .await
        .expect("a setting");
    assert_eq!(superuser, "off");

    let mut admin = stays_closed_to_tenants(&cluster, &options).await;
    admin.ping().await.expect("the admin is in");
    for path in ["secrets/postgres-superuser", "secrets/postgres-portal"] {
        let mode = std::fs::metadata(data.join(path))
            .expect("a secret")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }

    // As after a kill of the portal: the cluster runs, and nobody holds it.
    drop(server);
    let taken_over = started(Cluster::locate(&config).expect("the place")).await;
    portal.ping().await.expect("the connection has outlived it");
    drop((portal, admin));
    taken_over.stop().await.expect("stops");

    let again = started(cluster).await;
    let mut portal = options.connect().await.expect("the portal gets in");
    raw_sql("select * from kept")
        .execute(&mut portal)
        .await
        .expect("what was kept is there");
    drop(portal);
    again.stop().await.expect("stops");
    assert!(options.connect().await.is_err(), "nothing is left running");
}

/// As after a loss of `secrets/`: the start fails, says why, and leaves nothing running.
#[tokio::test]
async fn a_start_that_fails_leaves_no_process() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))
        .expect("opened");
    let data = folder.path().join("var");
    let settings = HashMap::from([("PORTAL_DATA".to_owned(), data.display().to_string())]);
    let config = Config::read("", settings).expect("settings");
    let cluster = Cluster::locate(&config).expect("a place");
    let portal = PgConnectOptions::from_str(cluster.portal_url().expose_secret());
    let portal = portal.expect("an address").disable_statement_logging();
    started(cluster).await.stop().await.expect("stops");
    let password = data.join("secrets/postgres-superuser");
    std::fs::write(&password, "lost").expect("written");

    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_portal"))
        .arg("up")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PORTAL_CONFIG", "/dev/null")
        .env("PORTAL_DATA", &data)
        .env("PORTAL_ADDR", "127.0.0.1:0")
        .output()
        .expect("is run");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success(), "{said}");
    assert!(said.contains("secrets/postgres-superuser"), "{said}");
    let left = portal.connect().await.expect_err("nothing is left running");
    assert!(matches!(left, sqlx::Error::Io(_)), "{left}");
}

async fn started(cluster: Cluster) -> Server {
    let mut server = Server::new(cluster).await.expect("the programs");
    server.start().await.expect("starts");
    server
}

/// A role of a tenant gets into none of the cluster's own databases; hands back the admin's connection.
async fn stays_closed_to_tenants(cluster: &Cluster, options: &PgConnectOptions) -> PgConnection {
    let mut admin = PgConnectOptions::from_str(cluster.admin_url().expose_secret())
        .expect("an address")
        .connect()
        .await
        .expect("the admin");
    raw_sql("create role tenant login password 'tenant'")
        .execute(&mut admin)
        .await
        .expect("a tenant");
    for database in ["portal", "postgres", "template1"] {
        let tenant = options
            .clone()
            .username("tenant")
            .password("tenant")
            .database(database);
        let refusal = tenant.connect().await.expect_err("a tenant stays out");
        assert_eq!(
            refusal
                .as_database_error()
                .and_then(DatabaseError::code)
                .as_deref(),
            Some("42501"),
            "{database}: {refusal}"
        );
    }
    let guess = options
        .clone()
        .username("postgres")
        .password("guess")
        .connect()
        .await
        .expect_err("a password is asked for");
    assert_eq!(
        guess
            .as_database_error()
            .and_then(DatabaseError::code)
            .as_deref(),
        Some("28P01"),
        "{guess}"
    );
    admin
}
