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
use uuid::Uuid;

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

/// An app of the list with one of its environments, if it has any.
struct Row {
    id: Uuid,
    name: String,
    subdomain: String,
    region: String,
    beside: bool,
    region_name: Option<String>,
    city: Option<String>,
    data_place: Option<String>,
    data_jurisdiction: Option<String>,
    backups_place: Option<String>,
    backups_jurisdiction: Option<String>,
    data_rule: Option<String>,
    data_rule_backups: Option<Vec<String>>,
    backups_rule: Option<String>,
    environment: Option<Uuid>,
    environment_name: Option<String>,
    host_label: Option<String>,
    desired: Option<String>,
    instances: Option<i16>,
    provisioned: Option<bool>,
    observed_at: Option<OffsetDateTime>,
    ready: Option<i16>,
    existing: Option<i16>,
    crashed: Option<i16>,
    deployed: bool,
    package_name: Option<String>,
    package_version: Option<String>,
    last_failure: Option<String>,
}

/// Apps whose team the person is in, by name, one more than a page holds; and that which is wanted beside
/// them, where it is not among those that the page holds.
pub(crate) async fn listed(
    db: &mut PgConnection,
    company: CompanyId,
    asked: Asked<'_>,
    now: OffsetDateTime,
) -> Result<(Vec<ListedApp>, Option<ListedApp>)> {
    let (mut apps, mut beside) = (Vec::<ListedApp>::new(), Vec::<ListedApp>::new());
    for mut row in rows(db, company, asked, now).await? {
        let list = if row.beside { &mut beside } else { &mut apps };
        if list.last().is_none_or(|last| last.id.uuid() != row.id) {
            list.push(row.app()?);
        }
        if let (Some(app), Some(environment)) = (list.last_mut(), row.environment(now)?) {
            app.environments.push(environment);
        }
    }
    Ok((apps, beside.pop()))
}

async fn rows(
    db: &mut PgConnection,
    company: CompanyId,
    asked: Asked<'_>,
    now: OffsetDateTime,
) -> Result<Vec<Row>> {
    let (after_name, after_id) = asked.after.map(|(name, id)| (name, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
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
    );
    Ok(rows.fetch_all(db).await?)
}

impl Row {
    fn app(&mut self) -> Result<ListedApp> {
        const TABLE: &str = "apps";
        let text = |text: &mut Option<String>| text.take().unwrap_or_default();
        let region = UncheckedRegion {
            code: self.region.clone(),
            name: text(&mut self.region_name),
            city: text(&mut self.city),
            data_place: text(&mut self.data_place),
            data_jurisdiction: text(&mut self.data_jurisdiction),
            backups_place: text(&mut self.backups_place),
            backups_jurisdiction: text(&mut self.backups_jurisdiction),
        };
        let rule = self.data_rule.take().zip(self.data_rule_backups.take());
        let residency = residency(&region, rule, self.backups_rule.take());
        let (id, subdomain) = (self.id, Subdomain::parse(&self.subdomain).ok());
        Ok(ListedApp {
            id: AppId::new(id),
            name: parsed(AppName::parse(&self.name).ok(), TABLE, "name", id)?,
            subdomain: parsed(subdomain, TABLE, "subdomain", id)?,
            region_code: parsed(RegionCode::parse(&self.region), TABLE, "region", id)?,
            region: region.check(&residency).ok(),
            environments: Vec::new(),
        })
    }

    fn environment(self, now: OffsetDateTime) -> Result<Option<ListedEnvironment>> {
        const TABLE: &str = "environments";
        let (Some(id), Some(name), Some(host_label), Some(desired)) = (
            self.environment,
            self.environment_name,
            self.host_label,
            self.desired,
        ) else {
            return Ok(None);
        };
        let count = |n: Option<i16>| n.and_then(|n| u16::try_from(n).ok()).unwrap_or(0);
        let package = self.package_name.zip(self.package_version);
        Ok(Some(ListedEnvironment {
            id: EnvironmentId::new(id),
            name: parsed(EnvironmentName::parse(&name).ok(), TABLE, "name", id)?,
            host_label,
            facts: StatusFacts {
                desired: parsed(Desired::parse(&desired), TABLE, "desired", id)?,
                deployed: self.deployed,
                provisioned: self.provisioned.unwrap_or_default(),
                desired_instances: count(self.instances),
                ready: count(self.ready),
                existing: count(self.existing),
                crashed: count(self.crashed),
                age_seconds: self.observed_at.map(|at| (now - at).whole_seconds()),
            },
            package: package.map(|(name, version)| format!("{name} {version}")),
            last_failure: self.last_failure,
        }))
    }
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
