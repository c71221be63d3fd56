//! A start on the database of another release: by the program itself, with what it says and does then.

use sqlx::PgPool;
use sqlx::migrate::Migrator;
use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_database_of_a_newer_release_is_not_served(pool: PgPool) {
    let statement =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                     values (9000, 'of tomorrow', true, '\\x00', 1)";
    sqlx::query(statement).execute(&pool).await.expect("a row");
    let said = refusal(&pool);
    let newest = newest().to_string();
    for word in [
        "9000",
        newest.as_str(),
        "newer release",
        "restore the backup",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_database_with_an_edited_migration_is_not_served(pool: PgPool) {
    let statement = "update _sqlx_migrations set checksum = '\\x00' where version = 3";
    sqlx::query(statement)
        .execute(&pool)
        .await
        .expect("changed");
    let said = refusal(&pool);
    for word in ["migration 3", "migrations/0003_", "never be edited"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_database_of_an_older_release_is_upgraded_and_that_is_said(pool: PgPool) {
    let all = control::MIGRATOR.iter().cloned();
    let older: Vec<_> = all.filter(|it| it.version != newest()).collect();
    let had = older.iter().map(|it| it.version).max().expect("some");
    let older = Migrator {
        migrations: Cow::Owned(older),
        ..Migrator::DEFAULT
    };
    older.run(&pool).await.expect("an older database");
    let folder = tempfile::tempdir().expect("a folder");
    let mut portal = serve(&pool, folder.path());
    let lines = BufReader::new(portal.stderr.take().expect("its log")).lines();
    let mut said = String::new();
    for line in lines.map_while(Result::ok) {
        said += &line;
        if line.contains("the portal is ready") {
            break;
        }
    }
    portal.kill().expect("killed");
    portal.wait().expect("collected");
    let words = format!(
        "upgrading it from migration {had} to {}, 1 in all",
        newest()
    );
    assert!(said.contains(&words), "{said}");
    let is: i64 = sqlx::query_scalar("select max(version) from _sqlx_migrations")
        .fetch_one(&pool)
        .await
        .expect("a number");
    assert_eq!(is, newest());
}

fn newest() -> i64 {
    let versions = control::MIGRATOR.iter().map(|it| it.version);
    versions.max().expect("migrations")
}

/// What the program says that ends because of its database.
fn refusal(pool: &PgPool) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let mut portal = serve(pool, folder.path());
    let mut said = String::new();
    let mut log = portal.stderr.take().expect("its log");
    log.read_to_string(&mut said).expect("text");
    assert!(!portal.wait().expect("collected").success(), "{said}");
    assert!(!said.contains("the portal is ready"), "{said}");
    said
}

fn serve(pool: &PgPool, data: &std::path::Path) -> Child {
    let options = pool.connect_options();
    let url = sqlx::ConnectOptions::to_url_lossy(&*options);
    Command::new(env!("CARGO_BIN_EXE_portal"))
        .arg("serve")
        .env_clear()
        .env("PORTAL_CONFIG", "/dev/null")
        .env("PORTAL_DATA", data)
        .env("PORTAL_ADDR", "127.0.0.1:0")
        .env("DATABASE_URL", url.as_str())
        .env("NO_COLOR", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("is run")
}
