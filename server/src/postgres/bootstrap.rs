//! What a fresh cluster gets: the portal's role and database, and no way from one database to another.

use super::Cluster;
use anyhow::{Context, Result};
use control::scram;
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, Row, raw_sql};
use std::str::FromStr;

impl Cluster {
    /// Connects as the role that may do everything.
    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        PgConnectOptions::from_str(self.admin_url().expose_secret())?
            .disable_statement_logging()
            .connect()
            .await
    }

    /// Makes what is not there; the portal's password becomes the one in the file.
    pub(super) async fn make_portal(&self) -> Result<()> {
        let mut db = self
            .connect()
            .await
            .context("connecting to the private cluster")?;
        if !exists(&mut db, "select 1 from pg_roles where rolname = 'portal'").await? {
            raw_sql("create role portal login")
                .execute(&mut db)
                .await
                .context("making the portal's role")?;
        }
        // A parameter cannot stand here; a verifier holds no quote.
        let password = format!(
            "alter role portal password '{}'",
            scram::verifier(&self.portal_password)
        );
        raw_sql(&password)
            .execute(&mut db)
            .await
            .context("setting the portal's password")?;
        if !exists(
            &mut db,
            "select 1 from pg_database where datname = 'portal'",
        )
        .await?
        {
            raw_sql("create database portal owner portal")
                .execute(&mut db)
                .await
                .context("making the portal's database")?;
        }
        for database in ["portal", "postgres", "template1"] {
            let revoke = format!("revoke all on database {database} from public");
            raw_sql(&revoke)
                .execute(&mut db)
                .await
                .with_context(|| format!("closing the database {database}"))?;
        }
        Ok(())
    }
}

async fn exists(db: &mut PgConnection, query: &str) -> Result<bool> {
    let rows = raw_sql(query)
        .fetch_all(db)
        .await
        .context("looking around in the private cluster")?;
    Ok(rows.first().is_some_and(|row| !row.columns().is_empty()))
}
