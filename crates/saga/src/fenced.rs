//! A transaction in which a step writes: under the fence of the worker that runs it.

use std::ops::{Deref, DerefMut};

use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use crate::error::StepError;
use crate::lease::Lease;

/// A transaction that began while the run was this worker's, and keeps it so until it ends: the run's row is locked
/// against claims, though not against heartbeats, reports and signals. Dropped without [`Fenced::commit`], nothing
/// has changed.
///
/// The server ends it when nothing is heard of this worker for as long as a lease. So it neither lands late nor
/// keeps the run from others.
#[derive(Debug)]
pub struct Fenced(Transaction<'static, Postgres>);

impl Fenced {
    pub(crate) async fn begin(pool: &PgPool, lease: Lease) -> Result<Self, StepError> {
        let mut tx = pool.begin().await?;
        let held = sqlx::query_scalar!(
            r#"
            select id
            from sagas
            where id = $1 and fence = $2 and lease_until is not null
                and set_config('idle_in_transaction_session_timeout', $3, true) is not null
            for key share
            "#,
            lease.id.0,
            lease.fence,
            lease.silence()
        )
        .fetch_optional(&mut *tx)
        .await?;
        held.map(|_| Self(tx)).ok_or_else(StepError::lost)
    }

    /// Makes it so.
    pub async fn commit(self) -> Result<(), StepError> {
        Ok(self.0.commit().await?)
    }
}

impl Deref for Fenced {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Fenced {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}
