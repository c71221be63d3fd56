//! SQL of environments in lists: no more of each than a list shows.

use crate::db::parsed;
use crate::error::Result;
use crate::model::environments::ListedEnvironment;
use domain::ids::{AppId, CompanyId, EnvironmentId};
use domain::names::EnvironmentName;
use domain::states::{Desired, StatusFacts};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// The environments of an app as lists need them, in order, read at `now`.
pub(crate) async fn listed(
    db: &mut PgConnection,
    company: CompanyId,
    app: AppId,
    now: OffsetDateTime,
) -> Result<Vec<ListedEnvironment>> {
    const TABLE: &str = "environments";
    let rows = sqlx::query!(
        r#"
        select e.id, e.name, e.host_label, e.desired, e.instances, e.provisioned, greatest(e.observed_at, n.seen_at) as observed_at,
               e.observed_ready, e.observed_existing, e.observed_crashed,
               e.package_id is not null as "deployed!", p.name as "package_name?", p.version as "package_version?",
               case when last.state in ('failed', 'stuck') then last.title end as last_failure
        from environments e left join packages p on p.id = e.live_package_id
        left join engines n on n.name = e.observed_by
        left join lateral (
            select title, state from sagas
            where scope = $1 and subject = e.id
            order by created_at desc, id desc limit 1
        ) last on true
        where e.company_id = $1 and e.app_id = $2
        order by e.position
        "#,
        company.uuid(),
        app.uuid(),
    )
    .fetch_all(db)
    .await?;
    let count = |n: i16| u16::try_from(n).unwrap_or(0);
    let listed = rows.into_iter().map(|row| {
        let package = row.package_name.zip(row.package_version);
        Ok(ListedEnvironment {
            id: EnvironmentId::new(row.id),
            name: parsed(
                EnvironmentName::parse(&row.name).ok(),
                TABLE,
                "name",
                row.id,
            )?,
            host_label: row.host_label,
            facts: StatusFacts {
                desired: parsed(Desired::parse(&row.desired), TABLE, "desired", row.id)?,
                deployed: row.deployed,
                provisioned: row.provisioned,
                desired_instances: count(row.instances),
                ready: count(row.observed_ready),
                existing: count(row.observed_existing),
                crashed: count(row.observed_crashed),
                age_seconds: row.observed_at.map(|at| (now - at).whole_seconds()),
            },
            package: package.map(|(name, version)| format!("{name} {version}")),
            last_failure: row.last_failure,
        })
    });
    listed.collect()
}
