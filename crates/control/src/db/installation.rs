//! SQL of the installation as a whole.

use crate::error::Result;
use sqlx::PgConnection;
use uuid::Uuid;

/// What the store and the database must agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Installation {
    pub(crate) id: Uuid,
    /// How often the store was swept.
    pub(crate) sweeps: i64,
}

pub(crate) async fn get(db: &mut PgConnection) -> Result<Installation> {
    let row = sqlx::query_as!(Installation, "select id, sweeps from installation")
        .fetch_one(db)
        .await?;
    Ok(row)
}

/// Counts a sweep, from at least `at_least`; what is so then.
pub(crate) async fn count_sweep(db: &mut PgConnection, at_least: i64) -> Result<Installation> {
    let row = sqlx::query_as!(
        Installation,
        "update installation set sweeps = greatest(sweeps, $1) + 1 returning id, sweeps",
        at_least
    )
    .fetch_one(db)
    .await?;
    Ok(row)
}
