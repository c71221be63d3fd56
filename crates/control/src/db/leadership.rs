//! The leadership among replicas: an advisory lock, held as long as its connection lives.

use crate::error::Result;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgPool, Postgres};
use std::time::Duration;

/// The number of the lock: any constant that nothing else in this database uses.
const LOCK: i64 = 0x706f_7274_616c;

/// How often the connection is asked whether it still lives.
const CHECK_EVERY: Duration = Duration::from_secs(10);

/// How long an answer may take before the connection counts as gone.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// The leadership, while this value and its connection live.
pub(crate) struct Held(PoolConnection<Postgres>);

/// Takes the leadership; none while another process has it.
pub(crate) async fn take(pool: &PgPool) -> Result<Option<Held>> {
    let mut connection = pool.acquire().await?;
    let taken = sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "taken!""#, LOCK)
        .fetch_one(&mut *connection)
        .await?;
    if taken {
        // Closed instead of going back to the pool: the lock must end with it.
        connection.close_on_drop();
        return Ok(Some(Held(connection)));
    }
    Ok(None)
}

impl Held {
    /// Ends when the connection, and so the leadership, is gone.
    pub(crate) async fn lost(&mut self) {
        while let Ok(Ok(())) = tokio::time::timeout(ANSWERS_WITHIN, self.0.ping()).await {
            tokio::time::sleep(CHECK_EVERY).await;
        }
    }
}
