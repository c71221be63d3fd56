//! Rows whose time is over.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

/// How long a used or expired code is remembered, so that a second use is noticed.
const CODE_MEMORY: Duration = Duration::hours(1);
/// How long sign-ins and refusals are on record.
const EVENT_MEMORY: Duration = Duration::days(400);

/// Deletes what has expired; ended sessions take their codes and tokens with them.
pub(crate) async fn delete(db: &mut PgConnection, at: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from mxid.authorization_requests where expires_at <= $1",
        at
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("delete from mxid.access_tokens where expires_at <= $1", at)
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "delete from mxid.codes where expires_at <= $1",
        at - CODE_MEMORY
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("delete from mxid.sessions where expires_at <= $1", at)
        .execute(&mut *db)
        .await?;
    // The table lets go of them by the database's own clock, so that a wrong one here removes nothing.
    sqlx::query!(
        "delete from mxid.events where at < least($1, now() - interval '400 days')",
        at - EVENT_MEMORY
    )
    .execute(&mut *db)
    .await?;
    Ok(())
}
