//! An installation of before there were two private clusters: upgraded, killed at every point, taken up again.

use crate::clusters::{Clusters, admin, config, folder, on, superuser};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::SecretString;
use server::config::Config;
use server::control_plane::check_upgrade;
use server::local::postgres::cluster::{Cluster, Purpose};
use server::local::postgres::portal_database::SET_ASIDE;
use server::local::postgres::server::Server;
use sqlx::{ConnectOptions, PgConnection, PgPool, raw_sql};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROWS: i64 = 1000;

#[tokio::test]
async fn an_older_installation_loses_nothing() {
    let folder = folder();
    let config = config(&folder);
    let old = make_old_installation(&config).await;
    let socket = Cluster::locate(&config, Purpose::Apps).expect("a place");
    let clusters = Clusters::start(&config).await;
    assert_eq!(clusters.apps.socket_dir(), socket.socket_dir());
    assert!(!old.exists(), "it has been moved");
    has_everything(&clusters).await;
    clusters.stop().await;

    let again = Clusters::start(&config).await;
    has_everything(&again).await;
    again.stop().await;
}

/// As after a kill of the older program, which leaves its cluster running.
#[tokio::test]
async fn an_old_cluster_that_runs_is_stopped_first() {
    let folder = folder();
    let config = config(&folder);
    let (mut running, _) = running_old_installation(&config).await;
    let clusters = Clusters::start(&config).await;
    assert!(running.wait().expect("collected").success(), "it has ended");
    has_everything(&clusters).await;
    clusters.stop().await;
}

#[tokio::test]
async fn whether_an_old_installation_can_be_upgraded_is_said_while_it_runs() {
    let folder = folder();
    let config = config(&folder);
    let (mut running, old) = running_old_installation(&config).await;
    let apps = Cluster::locate(&config, Purpose::Apps).expect("a place");
    let pool = PgPool::connect_with(on(&apps.portal_url()))
        .await
        .expect("the portal");
    raw_sql("drop schema mxid cascade")
        .execute(&pool)
        .await
        .expect("dropped");
    control::MIGRATOR.run(&pool).await.expect("its tables");
    pool.close().await;

    let said = check_upgrade(&config).await.expect("it would start");
    assert!(said.contains("can be finished by this release"), "{said}");
    assert!(old.exists(), "nothing has been moved");
    let pid = Pid::from_child(&running);
    kill_process(pid, Signal::INT).expect("it is told");
    running.wait().expect("it ends");
}

/// Each start is ended one point further on than the one before.
#[tokio::test]
async fn killed_at_any_point_it_is_taken_up_again() {
    let folder = folder();
    let config = config(&folder);
    make_old_installation(&config).await;
    for step in ["move", "copy", "accept", "set_aside"] {
        for when in ["before", "after"] {
            let point = format!("two_clusters:{step}:{when}:abort");
            let ended = up(&config, Some(&point)).wait_with_output();
            let ended = ended.expect("it ends");
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            let signal = ended.status.signal();
            assert_eq!(signal, Some(Signal::ABORT.as_raw()), "{point}: {said}");
        }
    }
    let clusters = Clusters::start(&config).await;
    has_everything(&clusters).await;
    clusters.stop().await;
}

#[tokio::test]
async fn killed_while_it_copies_it_begins_again() {
    let folder = folder();
    let config = config(&folder);
    make_old_installation(&config).await;
    // The clusters run from here on, and nothing is copied yet.
    let first = up(&config, Some("two_clusters:copy:before:abort"));
    first.wait_with_output().expect("it ends");
    let apps = Cluster::locate(&config, Purpose::Apps).expect("a place");
    let mut held = superuser(&apps).database("portal");
    held = held.application_name("the test");
    let mut held = held.connect().await.expect("the old database");
    raw_sql("begin; lock table notes in access exclusive mode")
        .execute(&mut held)
        .await
        .expect("held");

    let mut copying = up(&config, None);
    let mut watch = admin(&apps).await;
    until_copying(&mut watch).await;
    copying.kill().expect("killed");
    copying.wait().expect("collected");
    raw_sql("rollback")
        .execute(&mut held)
        .await
        .expect("let go");

    let clusters = Clusters::start(&config).await;
    has_everything(&clusters).await;
    clusters.stop().await;
}

#[tokio::test]
async fn a_copy_that_fails_changes_nothing_and_says_why() {
    let folder = folder();
    let config = config(&folder);
    make_old_installation(&config).await;
    let apps = Cluster::locate(&config, Purpose::Apps).expect("a place");
    up(&config, Some("two_clusters:copy:before:abort"))
        .wait_with_output()
        .expect("it ends");
    let mut old = superuser(&apps)
        .database("portal")
        .connect()
        .await
        .expect("the old database");
    // There is more to dump than a pipe holds.
    let statement =
        "create role stranger; create table odd (x int); alter table odd owner to stranger;
         create table long as select repeat(md5(n::text), 1000) from generate_series(1, 200) n";
    raw_sql(statement).execute(&mut old).await.expect("made");

    let refusal = Clusters::try_start(&config).await.err().expect("it fails");
    let text = format!("{refusal:#}");
    assert!(
        text.contains("stranger") && text.contains("nothing is lost"),
        "{text}"
    );
    let notes: i64 = sqlx::query_scalar("select count(*) from notes")
        .fetch_one(&mut old)
        .await
        .expect("the old database has kept its name");
    assert_eq!(notes, ROWS);

    raw_sql("drop table odd")
        .execute(&mut old)
        .await
        .expect("mended");
    drop(old);
    let clusters = Clusters::start(&config).await;
    has_everything(&clusters).await;
    clusters.stop().await;
}

#[tokio::test]
async fn two_clusters_for_the_apps_are_one_too_many() {
    let folder = folder();
    let config = config(&folder);
    let old = make_old_installation(&config).await;
    let apps = config.data.join("postgres/apps/data");
    std::fs::create_dir_all(&apps).expect("made");
    let refusal = Clusters::try_start(&config).await.err().expect("a refusal");
    let text = format!("{refusal:#}");
    for part in [old, apps] {
        assert!(text.contains(&part.display().to_string()), "{text}");
    }
}

/// As root in a folder that the cluster's user cannot enter, the old cluster lies behind a link.
#[tokio::test]
async fn an_older_installation_behind_a_link_stays_there() {
    let folder = folder();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700))
        .expect("closed");
    let config = config(&folder);
    make_old_installation(&config).await;
    let link = config.data.join("postgres");
    let before = std::fs::read_link(&link).ok();
    assert_eq!(before.is_some(), rustix::process::getuid().is_root());
    let clusters = Clusters::start(&config).await;
    has_everything(&clusters).await;
    clusters.stop().await;
    assert_eq!(std::fs::read_link(&link).ok(), before);
    if let Some(place) = before {
        std::fs::remove_dir_all(place.parent().expect("a folder")).expect("removed");
    }
}

/// One stopped cluster with the portal's database and a tenant's, in the folder `postgres` itself; where it lies.
async fn make_old_installation(config: &Config) -> PathBuf {
    let cluster = Cluster::locate(config, Purpose::Apps).expect("a place");
    let mut server = Server::new(cluster.clone()).await.expect("the programs");
    server.start().await.expect("starts");
    let password = std::fs::read_to_string(config.data.join("secrets/postgres-portal"));
    let password = password.expect("a password");
    let mut db = admin(&cluster).await;
    for statement in [
        &format!("create role portal login password '{password}'"),
        "create database portal owner portal",
        "revoke all on database portal from public",
        "create role tenant login password 'tenant'",
        "create database tenant owner tenant",
        "revoke all on database tenant from public",
    ] {
        raw_sql(statement).execute(&mut db).await.expect("made");
    }
    let mut portal = on(&in_the_name_of(&cluster, "portal", &password, "portal"))
        .connect()
        .await
        .expect("the portal");
    raw_sql(&format!(
        "create table notes (id bigint generated always as identity primary key, text text not null);
         insert into notes (text) select 'Note ' || n from generate_series(1, {ROWS}) n;
         create schema mxid; create table mxid.accounts (email text unique); create table nothing (x int);
         insert into mxid.accounts values ('ada@northwind.example'), ('Löve@x.example')"
    ))
    .execute(&mut portal)
    .await
    .expect("rows");
    let mut tenant = on(&in_the_name_of(&cluster, "tenant", "tenant", "tenant"))
        .connect()
        .await
        .expect("the tenant");
    raw_sql("create table orders (x int); insert into orders values (7)")
        .execute(&mut tenant)
        .await
        .expect("rows");
    drop((db, portal, tenant));
    server.stop().await.expect("stops");
    let base = config
        .data
        .join("postgres")
        .canonicalize()
        .expect("a folder");
    let old = base.join("data");
    std::fs::rename(base.join("apps/data"), &old).expect("moved");
    std::fs::remove_dir(base.join("apps")).expect("removed");
    old
}

/// PostgreSQL on the old folder, as the user to whom it belongs.
fn run_old(data: &Path) -> Child {
    let owner = std::fs::metadata(data).expect("is there");
    let mut command = Command::new("postgres");
    command.arg("-D").arg(data).args(["-p", "5432"]);
    command.arg("-k").arg(data.with_file_name("socket"));
    command.args(["-c", "listen_addresses="]).current_dir("/");
    if rustix::process::getuid().is_root() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    command.stderr(Stdio::null()).spawn().expect("is run")
}

/// The old installation with its cluster running; where that lies.
async fn running_old_installation(config: &Config) -> (Child, PathBuf) {
    let old = make_old_installation(config).await;
    let running = run_old(&old);
    let apps = Cluster::locate(config, Purpose::Apps).expect("a place");
    let deadline = Instant::now() + Duration::from_mins(1);
    while superuser(&apps).connect().await.is_err() {
        assert!(Instant::now() < deadline, "the old cluster does not start");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (running, old)
}

async fn has_everything(clusters: &Clusters) {
    let mut portal = on(&clusters.portal.portal_url())
        .connect()
        .await
        .expect("the portal gets in");
    let mut count = async |question: &'static str| -> i64 {
        let answer = sqlx::query_scalar(question).fetch_one(&mut portal).await;
        answer.unwrap_or_else(|error| panic!("{question}: {error}"))
    };
    assert_eq!(count("select count(*) from notes").await, ROWS);
    assert_eq!(
        count("select count(*) from mxid.accounts where email like 'L_ve@%'").await,
        1
    );
    assert_eq!(count("select count(*) from nothing").await, 0);
    let next = "insert into notes (text) values ('x') returning id";
    let next = count(next).await;
    assert!(next > ROWS, "the sequence goes on: {next}");
    count(
        "with gone as (delete from notes where text = 'x' returning 1) select count(*) from gone",
    )
    .await;

    let tenant = in_the_name_of(&clusters.apps, "tenant", "tenant", "tenant");
    let mut tenant = on(&tenant).connect().await.expect("the tenant gets in");
    let order: i32 = sqlx::query_scalar("select x from orders")
        .fetch_one(&mut tenant)
        .await
        .expect("the tenant's rows");
    assert_eq!(order, 7);

    let mut apps = admin(&clusters.apps).await;
    let names: Vec<String> =
        sqlx::query_scalar("select datname from pg_database where datname like 'portal%'")
            .fetch_all(&mut apps)
            .await
            .expect("names");
    assert_eq!(names, [SET_ASIDE]);
    let old_role: bool =
        sqlx::query_scalar("select rolcanlogin from pg_roles where rolname = 'portal'")
            .fetch_one(&mut apps)
            .await
            .expect("the role that owns what is kept");
    assert!(!old_role, "nobody signs in there as the portal");
}

fn in_the_name_of(cluster: &Cluster, role: &str, password: &str, database: &str) -> SecretString {
    let folder = cluster.socket_dir().to_str().expect("text");
    let folder: String = url::form_urlencoded::byte_serialize(folder.as_bytes()).collect();
    SecretString::from(format!(
        "postgres://{role}:{password}@localhost:5432/{database}?host={folder}"
    ))
}

/// Waits until `pg_dump` stands before the table that the test holds.
async fn until_copying(watch: &mut PgConnection) {
    let deadline = Instant::now() + Duration::from_mins(1);
    let question = "select count(*) from pg_stat_activity
                    where application_name = 'pg_dump' and wait_event_type = 'Lock'";
    loop {
        let waiting: i64 = sqlx::query_scalar(question)
            .fetch_one(&mut *watch)
            .await
            .expect("an answer");
        if waiting > 0 {
            return;
        }
        assert!(Instant::now() < deadline, "nothing is being copied");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn up(config: &Config, fault: Option<&str>) -> Child {
    Command::new(env!("CARGO_BIN_EXE_portal"))
        .arg("up")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PORTAL_CONFIG", "/dev/null")
        .env("PORTAL_DATA", &config.data)
        .env("PORTAL_ADDR", "127.0.0.1:0")
        .env("APPS_ADDR", "127.0.0.1:0")
        .env("PORTAL_FAULT", fault.unwrap_or_default())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("is run")
}
