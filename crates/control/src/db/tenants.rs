//! SQL on a region's PostgreSQL server: an environment's role and database.
//!
//! Runs as the role that may create roles and databases. Names are made from ids by us, letters
//! and digits only; PostgreSQL takes no parameters in these statements.

use crate::error::{Error, Result};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, Executor, PgConnection};

/// The role and database of one environment.
pub(crate) struct Tenant<'a> {
    pub(crate) database: &'a str,
    pub(crate) role: &'a str,
    pub(crate) connections: u32,
}

async fn connect(server: &SecretString) -> Result<PgConnection> {
    PgConnection::connect(server.expose_secret())
        .await
        .map_err(|error| Error::Unavailable {
            text: "The region's database server does not answer.".to_owned(),
            source: Some(error.into()),
        })
}

fn is_identifier(name: &str) -> Result<()> {
    if !name.is_empty()
        && name.len() <= 63
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Ok(());
    }
    Err(Error::internal(
        "naming a database",
        "a name that is no plain identifier",
    ))
}

/// Makes role and database, or brings them to what they should be. The role can reach no other database.
pub(crate) async fn provision(
    server: &SecretString,
    tenant: &Tenant<'_>,
    password: &SecretString,
) -> Result<()> {
    let Tenant {
        database,
        role,
        connections,
    } = *tenant;
    is_identifier(database)?;
    is_identifier(role)?;
    let password = password.expose_secret();
    if !password.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Error::internal(
            "making a role",
            "a password with other characters than letters and digits",
        ));
    }
    let mut server = connect(server).await?;
    let known = server
        .fetch_optional(sqlx::query("select 1 from pg_roles where rolname = $1").bind(role))
        .await?
        .is_some();
    let verb = if known { "alter" } else { "create" };
    // A role inherits what its own database's owner may do in the schema `public`; it is a member of nothing else.
    server
        .execute(&*format!(
            "{verb} role {role} login nosuperuser nocreatedb nocreaterole noreplication inherit connection limit {connections} password '{password}'"
        ))
        .await?;
    if server
        .fetch_optional(sqlx::query("select 1 from pg_database where datname = $1").bind(database))
        .await?
        .is_none()
    {
        server
            .execute(&*format!("grant {role} to current_user"))
            .await?;
        server
            .execute(&*format!(
                "create database {database} owner {role} template template0 encoding 'UTF8'"
            ))
            .await?;
    }
    server
        .execute(&*format!(
            "alter database {database} connection limit {connections}"
        ))
        .await?;
    server
        .execute(&*format!("revoke all on database {database} from public"))
        .await?;
    server.close().await?;
    Ok(())
}

/// Drops database and role with everything in them; nothing if they are gone.
pub(crate) async fn drop(server: &SecretString, tenant: &Tenant<'_>) -> Result<()> {
    let Tenant { database, role, .. } = *tenant;
    is_identifier(database)?;
    is_identifier(role)?;
    let mut server = connect(server).await?;
    server
        .execute(&*format!("drop database if exists {database} with (force)"))
        .await?;
    server
        .execute(&*format!("drop role if exists {role}"))
        .await?;
    server.close().await?;
    Ok(())
}
