//! What keeps this release from finishing what an earlier one has begun.

use crate::error::Result;
use crate::sagas;
use crate::state::State;
use std::sync::Arc;

/// What PostgreSQL says of a column and of a table that are not there.
const NO_COLUMN: &str = "42703";
const NO_TABLE: &str = "42P01";

/// An unfinished operation whose steps this release does not know: no worker takes it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownOperation {
    /// What people call it: `Deploy Shop 2.4.1 to Shop / Test`.
    pub title: String,
    /// The saga and its version: `environment_change 3`.
    pub saga: String,
}

/// The unfinished operations that this release cannot finish, of whatever company: for the operator alone.
pub async fn unknown_operations(state: &Arc<State>) -> Result<Vec<UnknownOperation>> {
    let registry = sagas::registry(Arc::clone(state));
    let mut db = state.pool.acquire().await?;
    let unknown = match saga::store::unknown_versions(&mut db, &registry).await {
        // Before versions were kept there was one of each saga, and this release has them all.
        Err(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some(NO_COLUMN | NO_TABLE)) =>
        {
            return Ok(Vec::new());
        }
        read => read?,
    };
    let operation = |run: saga::run::UnknownVersion| UnknownOperation {
        saga: format!("{} {}", run.name, run.version),
        title: run.title,
    };
    Ok(unknown.into_iter().map(operation).collect())
}
