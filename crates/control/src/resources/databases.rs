//! SQL on a region's PostgreSQL server: an environment's role and database.
//!
//! Runs as the role `provisioner`, or as one that may create roles and databases. Names are made from ids by us,
//! letters and digits only; PostgreSQL takes no parameters in these statements. Every answer has a time limit:
//! a server that accepts a connection and is silent then must not hold an operation for ever.
//!
//! One caller at a time works on an environment's database: it holds a lock of the server that ends with its
//! connection, and whoever takes the lock ends the connection of the one before. So a statement of a worker that was
//! given up, under way or on its way still, is over before its successor's first.

pub(crate) mod growth;
pub(crate) mod promise;
mod roles;

use crate::error::{Error, Result};
use crate::model::environments::DATABASES;
use domain::ids::EnvironmentId;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgConnection};
use std::str::FromStr;
use std::time::Duration;

/// How long a connection may take.
const CONNECTS_WITHIN: Duration = Duration::from_secs(10);

/// How long a statement may take: dropping a large database writes everything out first.
const ANSWERS_WITHIN: Duration = Duration::from_mins(2);

/// A region's server, as the role that may create roles and databases reaches it.
pub(crate) struct Server<'a> {
    pub(crate) url: &'a SecretString,
    /// The region's name, for people.
    pub(crate) region: &'a str,
}

/// The role and database of one environment.
pub(crate) struct Tenant<'a> {
    pub(crate) database: &'a str,
    pub(crate) role: &'a str,
    pub(crate) connections: u32,
}

impl Tenant<'_> {
    fn check(&self) -> Result<()> {
        let is_identifier = |name: &str| {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            !name.is_empty() && name.len() <= 63 && name.bytes().all(plain)
        };
        if is_identifier(self.database) && is_identifier(self.role) {
            return Ok(());
        }
        Err(Error::internal(
            "naming a database",
            "a name that is no plain identifier",
        ))
    }
}

/// The role and database of one environment, in the hands of one caller until this is dropped.
pub(crate) struct Held<'a> {
    server: Open<'a>,
    tenant: Tenant<'a>,
}

/// Takes the role and database of one environment, from whoever had them before.
pub(crate) async fn hold<'a>(server: &Server<'a>, tenant: Tenant<'a>) -> Result<Held<'a>> {
    tenant.check()?;
    let mut server = Open::connect(server).await?;
    server.hold(tenant.database).await?;
    Ok(Held { server, tenant })
}

/// Makes role and database, or brings them to what they should be. Nobody else may use the database.
pub(crate) async fn provision(held: &mut Held<'_>, password: &SecretString) -> Result<()> {
    let Tenant {
        database,
        role,
        connections,
    } = held.tenant;
    let server = &mut held.server;
    server.put_role(&held.tenant, password).await?;
    if !server
        .knows("select 1 from pg_database where datname = $1", database)
        .await?
    {
        server
            .execute(&format!(
                "create database {database} owner {role} template template0 encoding 'UTF8' allow_connections false"
            ))
            .await?;
    }
    server
        .execute(&format!(
            "alter database {database} connection limit {connections}"
        ))
        .await?;
    server
        .execute(&format!("revoke all on database {database} from public"))
        .await?;
    // Not before: until then every role of the server might connect.
    server
        .execute(&format!("alter database {database} allow_connections true"))
        .await
}

/// The environments that have a database or a role on the server, by names of ours.
pub(crate) async fn environments(server: &Server<'_>) -> Result<Vec<EnvironmentId>> {
    let mut server = Open::connect(server).await?;
    let asked = sqlx::query_scalar(
        "select datname::text from pg_database where datname ~ '^env_[0-9a-f]{32}$' union select rolname::text from pg_roles where rolname ~ '^env_[0-9a-f]{32}$'",
    );
    let names: Vec<String> = within(ANSWERS_WITHIN, asked.fetch_all(&mut server.connection))
        .await
        .map_err(|error| failed(server.region, error))?;
    let ids = names
        .iter()
        .filter_map(|name| name.strip_prefix(DATABASES)?.parse().ok());
    Ok(ids.collect())
}

/// Drops database and role with everything in them; nothing if they are gone.
pub(crate) async fn drop(held: &mut Held<'_>) -> Result<()> {
    let Tenant { database, role, .. } = held.tenant;
    let server = &mut held.server;
    let template = "select 1 from pg_database where datname = $1 and datistemplate";
    // Its role owns it and may have made it one, which PostgreSQL does not drop.
    if server.knows(template, database).await? {
        server
            .execute(&format!("alter database {database} is_template false"))
            .await?;
    }
    server
        .execute(&format!("drop database if exists {database} with (force)"))
        .await?;
    server.drop_role(role).await
}

/// A connection to a region's server; it ends when this is dropped.
struct Open<'a> {
    connection: PgConnection,
    region: &'a str,
}

impl<'a> Open<'a> {
    async fn connect(server: &Server<'a>) -> Result<Self> {
        let region = server.region;
        // Statements hold passwords, and slow ones would be logged.
        let connecting = async {
            PgConnectOptions::from_str(server.url.expose_secret())?
                .disable_statement_logging()
                .connect()
                .await
        };
        let connection = within(CONNECTS_WITHIN, connecting)
            .await
            .map_err(|error| silent(region, error))?;
        Ok(Self { connection, region })
    }

    /// Takes the lock on an environment's database, and ends the connection that has it.
    async fn hold(&mut self, database: &str) -> Result<()> {
        let end_others = sqlx::query(
            r"
            select pg_terminate_backend(pid)
            from pg_locks
            where locktype = 'advisory' and objsubid = 1 and pid <> pg_backend_pid()
                and database = (select oid from pg_database where datname = current_database())
                and ((classid::bigint << 32) | objid::bigint) = hashtextextended('environment:' || $1, 0)
            ",
        );
        let take =
            sqlx::query("select pg_advisory_lock(hashtextextended('environment:' || $1, 0))");
        for asked in [end_others, take] {
            within(
                ANSWERS_WITHIN,
                self.connection.execute(asked.bind(database)),
            )
            .await
            .map_err(|error| failed(self.region, error))?;
        }
        Ok(())
    }

    async fn execute(&mut self, statement: &str) -> Result<()> {
        let answer = within(ANSWERS_WITHIN, self.connection.execute(statement)).await;
        answer
            .map(std::mem::drop)
            .map_err(|error| failed(self.region, error))
    }

    async fn max_connections(&mut self) -> Result<u32> {
        let asked = sqlx::query_scalar("select current_setting('max_connections')::bigint");
        let number: i64 = within(ANSWERS_WITHIN, asked.fetch_one(&mut self.connection))
            .await
            .map_err(|error| failed(self.region, error))?;
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// Whether a question about a name has an answer.
    async fn knows(&mut self, question: &'static str, name: &str) -> Result<bool> {
        let asked = sqlx::query(question).bind(name);
        within(ANSWERS_WITHIN, self.connection.fetch_optional(asked))
            .await
            .map(|row| row.is_some())
            .map_err(|error| failed(self.region, error))
    }
}

/// The outcome, or that it took too long.
async fn within<T>(
    limit: Duration,
    work: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or_else(|late| Err(sqlx::Error::Io(std::io::Error::from(late))))
}

fn silent(region: &str, error: sqlx::Error) -> Error {
    unavailable(
        format!("The database server of {region} does not answer."),
        error,
    )
}

fn unavailable(text: String, error: sqlx::Error) -> Error {
    Error::Unavailable {
        text,
        source: Some(error.into()),
    }
}

/// What a statement that was not done means to the person who waits for it.
fn failed(region: &str, error: sqlx::Error) -> Error {
    let Some(database) = error.as_database_error() else {
        return silent(region, error);
    };
    match database.code().as_deref() {
        Some("57P01" | "57P02" | "57P03" | "53300") => silent(region, error),
        Some("53100") => unavailable(
            format!(
                "The disk of the database server of {region} is full; an operator must make room."
            ),
            error,
        ),
        Some("42501") => unavailable(
            format!(
                "The portal's role on the database server of {region} may not make, change or drop roles and databases; an operator must give it CREATEROLE and CREATEDB on a server of your own, and end superusers' sessions in databases of environments."
            ),
            error,
        ),
        _ => Error::internal(format!("using the database server of {region}"), error),
    }
}
