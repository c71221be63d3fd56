//! SQL of what happened to instances.

use crate::error::{Error, Result};
use domain::ids::{CompanyId, EnvironmentId};
use engine::observation::Event;
use sqlx::PgConnection;
use time::OffsetDateTime;

/// Events that the page of an environment shows.
pub(crate) const SHOWN: i64 = 20;

/// How far the events of an engine have been read.
pub(crate) async fn cursor(db: &mut PgConnection, engine: &str) -> Result<u64> {
    let sequence = sqlx::query_scalar!(
        "select sequence from engine_cursors where engine = $1",
        engine
    )
    .fetch_optional(db)
    .await?;
    Ok(sequence.and_then(|s| u64::try_from(s).ok()).unwrap_or(0))
}

pub(crate) async fn set_cursor(db: &mut PgConnection, engine: &str, sequence: u64) -> Result<()> {
    let sequence = i64::try_from(sequence).map_err(|e| Error::internal("storing an event", e))?;
    sqlx::query!(
        "insert into engine_cursors (engine, sequence) values ($1, $2) on conflict on constraint engine_cursors_pkey do update set sequence = excluded.sequence",
        engine,
        sequence,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Stores an event of an environment in one of these regions; the company it belongs to, if there is one.
pub(crate) async fn insert(
    db: &mut PgConnection,
    event: &Event,
    regions: &[String],
) -> Result<Option<CompanyId>> {
    let kind = serde_json::to_value(event.kind)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default();
    let sequence =
        i64::try_from(event.sequence).map_err(|e| Error::internal("storing an event", e))?;
    let company = sqlx::query_scalar!(
        r#"
        insert into environment_events (environment_id, company_id, sequence, at, kind, instance_index, message)
        select e.id, e.company_id, $2, $3, $4, $5, $6
        from environments e join apps a on a.id = e.app_id
        where e.id = $1 and a.region = any($7)
        on conflict on constraint environment_events_pkey do nothing
        returning company_id as "company: CompanyId"
        "#,
        event.workload.uuid(),
        sequence,
        event.at,
        kind,
        event.index.and_then(|i| i16::try_from(i).ok()),
        event.message,
        regions,
    );
    Ok(company.fetch_optional(db).await?)
}

/// Something that the portal itself has to tell of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnEvent {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

/// Stores an event of the portal's own.
pub(crate) async fn insert_own(
    db: &mut PgConnection,
    company: CompanyId,
    environment: EnvironmentId,
    event: &OwnEvent,
    at: OffsetDateTime,
) -> Result<()> {
    // Before the next number is read: two at once would read the same.
    sqlx::query!(
        "select id from environments where company_id = $1 and id = $2 for no key update",
        company.uuid(),
        environment.uuid(),
    )
    .fetch_optional(&mut *db)
    .await?;
    sqlx::query!(
        r#"
        insert into environment_events (environment_id, company_id, source, sequence, at, kind, message)
        select e.id, e.company_id, 'portal',
               coalesce((select max(sequence) from environment_events where environment_id = e.id and source = 'portal'), 0) + 1,
               $3, $4, $5
        from environments e
        where e.company_id = $1 and e.id = $2
        "#,
        company.uuid(),
        environment.uuid(),
        at,
        event.kind,
        event.message,
    )
    .execute(db)
    .await?;
    Ok(())
}
