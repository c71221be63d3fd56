//! SQL of the list of apps: everything that it shows, in one statement.

use crate::db::parsed;
use crate::error::Result;
use crate::model::environments::ListedEnvironment;
use domain::ids::{AppId, CompanyId, EnvironmentId, PersonId};
use domain::jurisdictions::{Jurisdiction, JurisdictionCode, Residency, ResidencyRule};
use domain::names::{AppName, EnvironmentName, Subdomain};
use domain::regions::{Region, RegionCode, UncheckedRegion};
use domain::states::{Desired, StatusFacts};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// An app in the list.
pub(crate) struct ListedApp {
    pub(crate) id: AppId,
    pub(crate) name: AppName,
    pub(crate) subdomain: Subdomain,
    pub(crate) region_code: RegionCode,
    /// None where the row of the region, or of a rule about it, cannot be used.
    pub(crate) region: Option<Region>,
    /// In order.
    pub(crate) environments: Vec<ListedEnvironment>,
}

/// What is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) person: Option<PersonId>,
    pub(crate) after: Option<(String, AppId)>,
    /// An app that is wanted too, wherever in the list it stands.
    pub(crate) beside: Option<&'a Subdomain>,
}

/// Apps whose team the person is in, by name, one more than a page holds; and that which is wanted beside
/// them, where it is not among those that the page holds.
pub(crate) async fn listed(
    db: &mut PgConnection,
    company: CompanyId,
    asked: Asked<'_>,
    now: OffsetDateTime,
) -> Result<(Vec<ListedApp>, Option<ListedApp>)> {
    let (after_name, after_id) = asked.after.map(|(name, id)| (name, id.uuid())).unzip();
    let rows = sqlx::query!(
        r#"
        with page as (
            select a.id, a.name, a.subdomain, a.region, false as beside
            from apps a join app_members m on m.company_id = $1 and m.app_id = a.id and m.person_id = $2
            where a.company_id = $1 and ($3::text is null or (a.name, a.id) > ($3, $4::uuid))
            order by a.name, a.id
            limit $5
        ), shown as (
            select id, name, subdomain, region, beside from page
            union all
            select a.id, a.name, a.subdomain, a.region, true
            from apps a join app_members m on m.company_id = $1 and m.app_id = a.id and m.person_id = $2
            where a.company_id = $1 and a.subdomain = $6
                and a.id not in (select id from page order by name, id limit $5 - 1)
        )
        select s.id as "id!", s.name as "name!", s.subdomain as "subdomain!", s.region as "region!", s.beside as "beside!",
               r.name as "region_name?", r.city as "city?", r.data_place as "data_place?",
               r.data_jurisdiction as "data_jurisdiction?", r.backups_place as "backups_place?",
               r.backups_jurisdiction as "backups_jurisdiction?",
               d.name as "data_rule?", d.backups as "data_rule_backups?", b.name as "backups_rule?",
               e.id as "environment?", e.name as "environment_name?", e.host_label as "host_label?", e.desired as "desired?",
               e.instances as "instances?", e.provisioned as "provisioned?", greatest(e.observed_at, n.seen_at) as observed_at,
               e.observed_ready as "ready?", e.observed_existing as "existing?", e.observed_crashed as "crashed?",
               e.package_id is not null as "deployed!", p.name as "package_name?", p.version as "package_version?",
               case when last.state in ('failed', 'stuck') then last.title end as last_failure
        from shown s
        left join regions r on r.code = s.region
        left join lateral (
            select name, backups from residency_rules
            where jurisdiction = r.data_jurisdiction and valid_from <= $7
            order by version desc limit 1
        ) d on true
        left join lateral (
            select name from residency_rules
            where jurisdiction = r.backups_jurisdiction and valid_from <= $7
            order by version desc limit 1
        ) b on true
        left join environments e on e.company_id = $1 and e.app_id = s.id
        left join packages p on p.company_id = $1 and p.id = e.live_package_id
        left join engines n on n.name = e.observed_by
        left join lateral (
            select title, state from sagas
            where scope = $1 and subject = e.id
            order by created_at desc, id desc limit 1
        ) last on true
        order by s.beside, s.name, s.id, e.position
        "#,
        company.uuid(),
        asked.person.map(PersonId::uuid),
        after_name,
        after_id,
        crate::page::PAGE + 1,
        asked.beside.map(Subdomain::as_str),
        now,
    )
    .fetch_all(db)
    .await?;
    let (mut apps, mut beside): (Vec<ListedApp>, Option<ListedApp>) = (Vec::new(), None);
    let count = |n: Option<i16>| n.and_then(|n| u16::try_from(n).ok()).unwrap_or(0);
    for row in rows {
        let id = AppId::new(row.id);
        let last = if row.beside {
            beside.as_mut()
        } else {
            apps.last_mut()
        };
        if last.is_none_or(|last| last.id != id) {
            let region = UncheckedRegion {
                code: row.region.clone(),
                name: row.region_name.unwrap_or_default(),
                city: row.city.unwrap_or_default(),
                data_place: row.data_place.unwrap_or_default(),
                data_jurisdiction: row.data_jurisdiction.unwrap_or_default(),
                backups_place: row.backups_place.unwrap_or_default(),
                backups_jurisdiction: row.backups_jurisdiction.unwrap_or_default(),
            };
            let residency = residency(
                &region,
                row.data_rule.zip(row.data_rule_backups),
                row.backups_rule,
            );
            let app = ListedApp {
                id,
                name: parsed(AppName::parse(&row.name).ok(), "apps", "name", row.id)?,
                subdomain: parsed(
                    Subdomain::parse(&row.subdomain).ok(),
                    "apps",
                    "subdomain",
                    row.id,
                )?,
                region_code: parsed(RegionCode::parse(&row.region), "apps", "region", row.id)?,
                region: region.check(&residency).ok(),
                environments: Vec::new(),
            };
            if row.beside {
                beside = Some(app);
            } else {
                apps.push(app);
            }
        }
        let app = if row.beside {
            beside.as_mut()
        } else {
            apps.last_mut()
        };
        let (Some(app), Some(id), Some(name), Some(host_label), Some(desired)) = (
            app,
            row.environment,
            row.environment_name,
            row.host_label,
            row.desired,
        ) else {
            continue;
        };
        const TABLE: &str = "environments";
        let package = row.package_name.zip(row.package_version);
        app.environments.push(ListedEnvironment {
            id: EnvironmentId::new(id),
            name: parsed(EnvironmentName::parse(&name).ok(), TABLE, "name", id)?,
            host_label,
            facts: StatusFacts {
                desired: parsed(Desired::parse(&desired), TABLE, "desired", id)?,
                deployed: row.deployed,
                provisioned: row.provisioned.unwrap_or_default(),
                desired_instances: count(row.instances),
                ready: count(row.ready),
                existing: count(row.existing),
                crashed: count(row.crashed),
                age_seconds: row.observed_at.map(|at| (now - at).whole_seconds()),
            },
            package: package.map(|(name, version)| format!("{name} {version}")),
            last_failure: row.last_failure,
        });
    }
    Ok((apps, beside))
}

/// The rules that a region must keep, as far as they can be read.
fn residency(
    region: &UncheckedRegion,
    data: Option<(String, Vec<String>)>,
    backups: Option<String>,
) -> Residency {
    let rule = |code: &str, name: String, backups: Vec<String>| {
        let backups = backups.iter();
        Some(ResidencyRule {
            jurisdiction: Jurisdiction {
                code: JurisdictionCode::parse(code)?,
                name,
            },
            backups: backups
                .filter_map(|it| JurisdictionCode::parse(it))
                .collect(),
        })
    };
    let data = data.and_then(|(name, may)| rule(&region.data_jurisdiction, name, may));
    let backups = backups.and_then(|name| rule(&region.backups_jurisdiction, name, Vec::new()));
    Residency::new(data.into_iter().chain(backups).collect())
}
