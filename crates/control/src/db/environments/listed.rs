//! SQL of environments in lists: no more of each than a list shows.

use crate::db::parsed;
use crate::error::Result;
use crate::model::environments::ListedEnvironment;
use domain::ids::{AppId, CompanyId, EnvironmentId};
use domain::names::EnvironmentName;
use domain::states::{Desired, StatusFacts};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// The environments of several apps as lists need them, in order, read at `now`.
pub(crate) async fn listed(
    db: &mut PgConnection,
    company: CompanyId,
    apps: &[AppId],
    now: OffsetDateTime,
) -> Result<Vec<ListedEnvironment>> {
    const TABLE: &str = "environments";
    let ids: Vec<Uuid> = apps.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select e.id, e.app_id, e.name, e.host_label, e.desired, e.instances, e.provisioned, e.observed_at,
               e.observed_ready, e.observed_existing, e.observed_crashed,
               e.package_id is not null as "deployed!", p.name as "package_name?", p.version as "package_version?"
        from environments e left join packages p on p.id = e.live_package_id
        where e.company_id = $1 and e.app_id = any($2)
        order by e.app_id, e.position
        "#,
        company.uuid(),
        &ids,
    )
    .fetch_all(db)
    .await?;
    let count = |n: i16| u16::try_from(n).unwrap_or(0);
    let listed = rows.into_iter().map(|row| {
        let package = row.package_name.zip(row.package_version);
        Ok(ListedEnvironment {
            id: EnvironmentId::new(row.id),
            app: AppId::new(row.app_id),
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
        })
    });
    listed.collect()
}
