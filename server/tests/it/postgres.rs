//! The private clusters, for real: made, found again, taken over, closed to their tenants.

use crate::clusters::{Clusters, admin, config, folder, on, superuser};
use server::config::Config;
use server::local::postgres::cluster::Cluster;
use sqlx::error::DatabaseError;
use sqlx::{ConnectOptions, Connection, PgConnection, raw_sql};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[tokio::test]
async fn both_clusters_are_made_found_again_and_taken_over() {
    let folder = folder();
    let config = config(&folder);
    let running = Clusters::start(&config).await;
    let options = on(&running.portal.portal_url());
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

    let mut tenants = stays_closed_to_tenants(&running.apps).await;
    for path in [
        "secrets/postgres-superuser",
        "secrets/postgres-portal-superuser",
        "secrets/postgres-portal",
        "secrets/postgres-provisioner",
    ] {
        assert_eq!(mode(&config.data.join(path)), 0o600, "{path}");
    }

    // As after a kill of the portal: the clusters run, and nobody holds them.
    drop(running);
    let taken_over = Clusters::start(&config).await;
    portal.ping().await.expect("the connection has outlived it");
    tenants.ping().await.expect("and so has this one");
    drop((portal, tenants));
    taken_over.stop().await;

    let again = Clusters::start(&config).await;
    let mut portal = options.connect().await.expect("the portal gets in");
    raw_sql("select * from kept")
        .execute(&mut portal)
        .await
        .expect("what was kept is there");
    drop(portal);
    again.stop().await;
    assert!(options.connect().await.is_err(), "nothing is left running");
}

#[tokio::test]
async fn the_portal_s_cluster_is_out_of_the_tenants_reach() {
    let folder = folder();
    let running = Clusters::start(&config(&folder)).await;
    let (portal, apps) = (running.portal.socket_dir(), running.apps.socket_dir());
    assert_ne!(portal, apps);
    assert!(!portal.starts_with(apps) && !apps.starts_with(portal));
    assert_eq!(mode(portal), 0o700, "nobody else passes");
    let sockets = |folder: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let names = entries.map(|it| it.expect("an entry").file_name());
        names
            .map(|it| it.into_string().expect("text"))
            .filter(|it| it.strip_suffix(".lock").is_none())
            .collect()
    };
    assert_eq!(sockets(portal), [".s.PGSQL.5433"]);
    assert_eq!(sockets(apps), [".s.PGSQL.5432"]);
    let databases = async |cluster: &Cluster| -> Vec<String> {
        let names = sqlx::query_scalar("select datname from pg_database order by datname");
        let names = names.fetch_all(&mut admin(cluster).await).await;
        names.expect("databases")
    };
    let own = ["postgres", "template0", "template1"];
    assert_eq!(databases(&running.apps).await, own);
    assert_eq!(
        databases(&running.portal).await,
        ["portal", "postgres", "template0", "template1"]
    );
    running.stop().await;
}

/// As after a loss of `secrets/`: the start fails, says why, and leaves nothing running.
#[tokio::test]
async fn a_start_that_fails_leaves_no_process() {
    for password in ["postgres-superuser", "postgres-portal-superuser"] {
        let folder = folder();
        let config = config(&folder);
        let clusters = Clusters::start(&config).await;
        let left = [on(&clusters.portal.portal_url()), superuser(&clusters.apps)];
        clusters.stop().await;
        let password = format!("secrets/{password}");
        std::fs::write(config.data.join(&password), "lost").expect("written");

        let ended = up(&config);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success(), "{said}");
        assert!(said.contains(&password), "{said}");
        for options in left {
            let left = options
                .connect()
                .await
                .expect_err("nothing is left running");
            assert!(matches!(left, sqlx::Error::Io(_)), "{left}");
        }
    }
}

/// Where root keeps its data in a folder that the clusters' user cannot enter.
#[tokio::test]
async fn clusters_lie_elsewhere_where_their_user_cannot_get_in() {
    let folder = folder();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700))
        .expect("closed");
    let config = config(&folder);
    let running = Clusters::start(&config).await;
    let link = std::fs::read_link(config.data.join("postgres"));
    running.stop().await;
    if rustix::process::getuid().is_root() {
        let place = link.expect("a link");
        assert!(place.starts_with("/var/lib/cloud-portal"), "{place:?}");
        for data in ["apps/data", "portal/data"] {
            assert!(place.join(data).join("PG_VERSION").is_file(), "{data}");
        }
        std::fs::remove_dir_all(place.parent().expect("a folder")).expect("removed");
    } else {
        assert!(link.is_err(), "its own user's folders are the user's");
    }
}

fn up(config: &Config) -> std::process::Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_portal"))
        .arg("up")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PORTAL_CONFIG", "/dev/null")
        .env("PORTAL_DATA", &config.data)
        .env("PORTAL_ADDR", "127.0.0.1:0")
        .output()
        .expect("is run")
}

fn mode(path: &Path) -> u32 {
    let meta = std::fs::metadata(path).expect("is there");
    meta.permissions().mode() & 0o777
}

/// A role of a tenant gets into none of the cluster's own databases; hands back the admin's connection.
async fn stays_closed_to_tenants(cluster: &Cluster) -> PgConnection {
    let mut admin = admin(cluster).await;
    raw_sql("create role tenant login password 'tenant'")
        .execute(&mut admin)
        .await
        .expect("a tenant");
    let options = superuser(cluster);
    for database in ["postgres", "template1"] {
        let tenant = options
            .clone()
            .username("tenant")
            .password("tenant")
            .database(database);
        let refusal = tenant.connect().await.expect_err("a tenant stays out");
        assert_eq!(
            code(&refusal).as_deref(),
            Some("42501"),
            "{database}: {refusal}"
        );
    }
    let guess = options.clone().password("guess");
    let refusal = guess.connect().await.expect_err("a password is asked for");
    assert_eq!(code(&refusal).as_deref(), Some("28P01"), "{refusal}");
    admin
}

fn code(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error();
    error.and_then(DatabaseError::code).map(Into::into)
}
