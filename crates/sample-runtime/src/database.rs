//! The app's tables: a counter, visits and a list of files.

use crate::configuration::Configuration;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{Connection, PgConnection};
use std::time::Duration;

/// The statements that make the tables.
pub const STATEMENTS: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS counter (id smallint PRIMARY KEY, value bigint NOT NULL)",
    "INSERT INTO counter (id, value) VALUES (1, 0) ON CONFLICT (id) DO NOTHING",
    "CREATE TABLE IF NOT EXISTS visits (day date PRIMARY KEY, count bigint NOT NULL)",
    "CREATE TABLE IF NOT EXISTS files (name text PRIMARY KEY, bytes bigint NOT NULL, \
     changed_at timestamptz NOT NULL)",
];

const NO_SUCH_DATABASE: &str = "3D000";

/// What state the database is in.
pub enum Structure {
    /// Every table is there.
    Fits,
    /// A table is missing.
    Outdated,
    /// There is no such database.
    NoDatabase,
}

/// A pool that connects when it is used, with no more connections than are configured.
pub fn pool(configuration: &Configuration) -> Option<PgPool> {
    let database = configuration.database.as_ref()?;
    let pool = PgPoolOptions::new()
        .max_connections(configuration.most_connections)
        .min_connections(0)
        .idle_timeout(Duration::from_mins(1))
        .acquire_timeout(Duration::from_secs(5))
        .connect_lazy_with(database.options(&database.name));
    Some(pool)
}

/// Looks at the database.
pub async fn structure(pool: &PgPool) -> Result<Structure, sqlx::Error> {
    let found: Result<bool, _> = sqlx::query_scalar(
        "SELECT to_regclass('counter') IS NOT NULL AND to_regclass('visits') IS NOT NULL \
         AND to_regclass('files') IS NOT NULL",
    )
    .fetch_one(pool)
    .await;
    match found {
        Ok(true) => Ok(Structure::Fits),
        Ok(false) => Ok(Structure::Outdated),
        Err(error) if is_no_such_database(&error) => Ok(Structure::NoDatabase),
        Err(error) => Err(error),
    }
}

/// Makes the database when it is missing, and then the tables.
pub async fn make(configuration: &Configuration, pool: &PgPool) -> Result<(), sqlx::Error> {
    if matches!(structure(pool).await?, Structure::NoDatabase) {
        make_database(configuration).await?;
    }
    let mut change = pool.begin().await?;
    for statement in STATEMENTS {
        sqlx::query(statement).execute(&mut *change).await?;
    }
    change.commit().await
}

async fn make_database(configuration: &Configuration) -> Result<(), sqlx::Error> {
    let Some(database) = &configuration.database else {
        return Ok(());
    };
    let mut server = PgConnection::connect_with(&database.options("postgres")).await?;
    let quoted = database.name.replace('"', "\"\"");
    let statement = format!("CREATE DATABASE \"{quoted}\"");
    sqlx::query(&statement).execute(&mut server).await?;
    server.close().await
}

fn is_no_such_database(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == NO_SUCH_DATABASE)
}
