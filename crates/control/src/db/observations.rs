//! SQL of what the engine tells about environments.

use crate::error::{Error, Result};
use crate::model::environments::Counts;
use domain::ids::{AppId, CompanyId, EnvironmentId};
use engine::observation::Observation;
use engine::text::sanitize;
use sqlx::PgConnection;

/// What is compared of every environment that an engine should know.
pub(crate) struct EnvironmentRef {
    pub(crate) id: EnvironmentId,
    pub(crate) company: CompanyId,
    pub(crate) app: AppId,
    pub(crate) revision: i64,
    pub(crate) observed: Option<serde_json::Value>,
}

/// Those of some regions.
pub(crate) async fn provisioned(
    db: &mut PgConnection,
    regions: &[String],
) -> Result<Vec<EnvironmentRef>> {
    let rows = sqlx::query!(
        r#"
        select e.id, e.company_id, e.app_id, e.revision, e.observation
        from environments e join apps a on a.id = e.app_id
        where e.provisioned and a.state = 'ready' and a.region = any($1)
        order by e.id
        "#,
        regions,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| EnvironmentRef {
            id: EnvironmentId::new(row.id),
            company: CompanyId::new(row.company_id),
            app: AppId::new(row.app_id),
            revision: row.revision,
            observed: row.observation,
        })
        .collect())
}

pub(crate) async fn observe(
    db: &mut PgConnection,
    observation: &Observation,
    counts: Counts,
) -> Result<()> {
    let mut json = serde_json::to_value(observation)
        .map_err(|error| Error::internal("storing an observation", error))?;
    sanitize(&mut json);
    let number = |n: u16| i16::try_from(n).unwrap_or(i16::MAX);
    sqlx::query!(
        r#"
        update environments
        set observation = $2, observed_at = $3, observed_ready = $4, observed_existing = $5, observed_crashed = $6
        where id = $1
        "#,
        observation.id.uuid(),
        json,
        observation.observed_at,
        number(counts.ready),
        number(counts.existing),
        number(counts.crashed),
    )
    .execute(db)
    .await?;
    Ok(())
}
