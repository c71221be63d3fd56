//! What a started cluster gets: no way in for roles of tenants, and the role that the portal uses.

use super::cluster::{Cluster, Purpose};
use anyhow::{Context, Result};
use control::resources::provisioner;
use control::scram;
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, raw_sql};
use std::str::FromStr;

impl Cluster {
    /// Connects as the role that may do everything.
    pub(super) async fn connect(&self, database: &str) -> Result<PgConnection, sqlx::Error> {
        let url = self
            .superuser_url(database)
            .map_err(|error| sqlx::Error::Configuration(error.into()))?;
        PgConnectOptions::from_str(url.expose_secret())?
            .disable_statement_logging()
            .connect()
            .await
    }

    /// Makes what is not there; the password of the portal's role becomes the one in the file.
    pub(super) async fn bootstrap(&self) -> Result<()> {
        let mut db = self
            .connect("postgres")
            .await
            .context("connecting to the private cluster")?;
        for database in ["postgres", "template1"] {
            close(&mut db, database).await?;
        }
        match self.purpose {
            Purpose::Portal => self.make_role(&mut db).await,
            Purpose::Apps => provisioner::set_up(&mut db, &self.provisioner_password)
                .await
                .context("making the role that makes the apps' databases"),
        }
    }

    async fn make_role(&self, db: &mut PgConnection) -> Result<()> {
        if !exists(db, "select 1 from pg_roles where rolname = 'portal'").await? {
            raw_sql("create role portal login")
                .execute(&mut *db)
                .await
                .context("making the portal's role")?;
        }
        // A parameter cannot stand here; a verifier holds no quote.
        let password = format!(
            "alter role portal password '{}'",
            scram::verifier(&self.portal_password)
        );
        raw_sql(&password)
            .execute(db)
            .await
            .context("setting the portal's password")?;
        Ok(())
    }
}

/// Lets nobody but its owner connect to a database.
pub(super) async fn close(db: &mut PgConnection, database: &str) -> Result<()> {
    raw_sql(&format!("revoke all on database {database} from public"))
        .execute(db)
        .await
        .with_context(|| format!("closing the database {database}"))?;
    Ok(())
}

/// Whether a query has an answer.
pub(super) async fn exists(db: &mut PgConnection, query: &str) -> Result<bool> {
    let rows = raw_sql(query)
        .fetch_all(db)
        .await
        .context("looking around in the private cluster")?;
    Ok(!rows.is_empty())
}
