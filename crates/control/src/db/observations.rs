//! SQL of what engines tell about environments.

use crate::error::{Error, Result};
use crate::model::environments::Counts;
use domain::ids::{AppId, CompanyId, EnvironmentId};
use engine::observation::Observation;
use engine::text::sanitize;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// What is compared of every environment that an engine should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EnvironmentRef {
    pub(crate) id: EnvironmentId,
    pub(crate) company: CompanyId,
    pub(crate) app: AppId,
    pub(crate) revision: i64,
}

/// Those of some regions; with `only`, no others than these.
pub(crate) async fn provisioned(
    db: &mut PgConnection,
    regions: &[String],
    only: Option<&[EnvironmentId]>,
) -> Result<Vec<EnvironmentRef>> {
    let only: Option<Vec<Uuid>> = only.map(uuids);
    let rows = sqlx::query_as!(
        EnvironmentRef,
        r#"
        select e.id as "id: EnvironmentId", e.company_id as "company: CompanyId", e.app_id as "app: AppId", e.revision
        from environments e join apps a on a.id = e.app_id
        where e.provisioned and a.state = 'ready' and a.region = any($1) and ($2::uuid[] is null or e.id = any($2))
        "#,
        regions,
        only.as_deref(),
    );
    Ok(rows.fetch_all(db).await?)
}

/// What is stored of an environment.
pub(crate) struct Stored {
    pub(crate) id: EnvironmentId,
    /// None before the first, and where this release cannot read it.
    pub(crate) observation: Option<Observation>,
    /// The engine that tells of it.
    pub(crate) by: Option<String>,
}

/// What is stored of these environments.
pub(crate) async fn stored(db: &mut PgConnection, ids: &[EnvironmentId]) -> Result<Vec<Stored>> {
    let rows = sqlx::query!(
        r#"select id as "id: EnvironmentId", observation, observed_by from environments where id = any($1)"#,
        &uuids(ids),
    )
    .fetch_all(db)
    .await?;
    let rows = rows.into_iter().map(|row| Stored {
        id: row.id,
        observation: row
            .observation
            .and_then(|json| serde_json::from_value(json).ok()),
        by: row.observed_by,
    });
    Ok(rows.collect())
}

/// Stores what an engine tells of several environments, in one statement. The answer is those that were
/// stored: a row that somebody else holds just now is left for the next time, so that nobody waits for
/// a row while holding another. What the engine told later stays.
pub(crate) async fn observe(
    db: &mut PgConnection,
    engine: &str,
    observations: &[&Observation],
) -> Result<Vec<EnvironmentId>> {
    let ids: Vec<Uuid> = observations.iter().map(|o| o.id.uuid()).collect();
    let mut texts = Vec::with_capacity(observations.len());
    for observation in observations {
        let mut json = serde_json::to_value(observation)
            .map_err(|error| Error::internal("storing an observation", error))?;
        sanitize(&mut json);
        texts.push(json);
    }
    let at: Vec<OffsetDateTime> = observations.iter().map(|o| o.observed_at).collect();
    let counts: Vec<Counts> = observations.iter().map(|o| Counts::of(o)).collect();
    let numbers = |number: fn(&Counts) -> u16| -> Vec<i16> {
        let numbers = counts.iter().map(number);
        numbers
            .map(|n| i16::try_from(n).unwrap_or(i16::MAX))
            .collect()
    };
    let written = sqlx::query_scalar!(
        r#"
        with free as (
            select id from environments where id = any($1) for no key update skip locked
        )
        update environments e
        set observation = o.observation, observed_at = o.observed_at, observed_by = $7,
            observed_ready = o.ready, observed_existing = o.existing, observed_crashed = o.crashed
        from unnest($1::uuid[], $2::jsonb[], $3::timestamptz[], $4::int2[], $5::int2[], $6::int2[])
            as o (id, observation, observed_at, ready, existing, crashed)
        join free on free.id = o.id
        where e.id = o.id
            and (e.observed_at is null or e.observed_by is distinct from $7 or e.observed_at <= o.observed_at)
        returning e.id as "id: EnvironmentId"
        "#,
        &ids,
        &texts,
        &at,
        &numbers(|counts| counts.ready),
        &numbers(|counts| counts.existing),
        &numbers(|counts| counts.crashed),
        engine,
    );
    Ok(written.fetch_all(db).await?)
}

/// Writes down that an engine tells of these environments no more: what is stored of them ages from now on.
pub(crate) async fn forget(
    db: &mut PgConnection,
    engine: &str,
    ids: &[EnvironmentId],
) -> Result<()> {
    sqlx::query!(
        "update environments set observed_by = null where id = any($1) and observed_by = $2",
        &uuids(ids),
        engine,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The same of environments of all regions but these: the engine serves those no more.
pub(crate) async fn forget_but(
    db: &mut PgConnection,
    engine: &str,
    regions: &[String],
) -> Result<()> {
    sqlx::query!(
        r#"
        update environments e
        set observed_by = null
        from apps a
        where a.id = e.app_id and e.observed_by = $1 and a.region <> all($2)
        "#,
        engine,
        regions,
    )
    .execute(db)
    .await?;
    Ok(())
}

fn uuids(ids: &[EnvironmentId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}
