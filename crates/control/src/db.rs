//! All SQL of the control plane, a file for each noun. Free functions on a connection: the use
//! case owns the transaction.

pub(crate) mod apps;
pub(crate) mod audience;
pub(crate) mod audit;
pub(crate) mod companies;
pub(crate) mod connections;
pub(crate) mod deployments;
pub(crate) mod engines;
pub(crate) mod environments;
pub(crate) mod events;
pub(crate) mod hosts;
pub(crate) mod installation;
pub(crate) mod leadership;
pub(crate) mod members;
pub(crate) mod notify;
pub(crate) mod observations;
pub(crate) mod operations;
pub(crate) mod orphans;
pub(crate) mod packages;
pub(crate) mod people;
pub(crate) mod plans;
pub(crate) mod quotas;
pub(crate) mod regions;
pub(crate) mod retention;
pub(crate) mod sessions;
pub(crate) mod tasks;
pub(crate) mod usage;

use crate::error::{self, Error, Inconsistent};
use sqlx::{Postgres, Transaction};

/// Commits. An answer that does not come says nothing of the outcome, and the error says so.
pub(crate) async fn commit(tx: Transaction<'_, Postgres>) -> error::Result<()> {
    tx.commit().await.map_err(Error::of_commit)
}

/// The name of the constraint that a statement broke, if it broke one.
fn broken(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.constraint()
}

/// Parses a column's text, or says which row breaks our rules.
fn parsed<T>(
    value: Option<T>,
    table: &'static str,
    column: &'static str,
    id: uuid::Uuid,
) -> Result<T, Inconsistent> {
    value.ok_or_else(|| Inconsistent {
        table,
        column,
        id: id.to_string(),
    })
}
