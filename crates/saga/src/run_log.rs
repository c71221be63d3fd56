//! Reading the log of a run, a part at a time.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::run::LogRow;
use crate::saga::SagaId;

/// The log of a run after the line with the number given, 0 for its beginning; so many lines at the most.
pub async fn lines(
    db: &mut PgConnection,
    scope: Uuid,
    id: SagaId,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<LogRow>, sqlx::Error> {
    sqlx::query_as!(
        LogRow,
        r#"
        select entry.seq, entry.at, entry.line
        from saga_log entry
        join sagas on sagas.id = entry.saga_id
        where sagas.scope = $1 and sagas.id = $2 and entry.seq > $3
        order by entry.seq
        limit $4
        "#,
        scope,
        id.0,
        after_seq,
        limit
    )
    .fetch_all(db)
    .await
}

/// The number of the last line of a run's log; 0 when it has none.
pub async fn end(db: &mut PgConnection, scope: Uuid, id: SagaId) -> Result<i64, sqlx::Error> {
    let last = sqlx::query_scalar!(
        r#"
        select max(entry.seq)
        from saga_log entry
        join sagas on sagas.id = entry.saga_id
        where sagas.scope = $1 and sagas.id = $2
        "#,
        scope,
        id.0
    )
    .fetch_one(db)
    .await?;
    Ok(last.unwrap_or_default())
}
