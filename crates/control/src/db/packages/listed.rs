//! SQL of the list of packages: the app and what is listed of its packages, in one statement. What a package
//! has inside, which may be large, is no part of it.

use crate::db::apps::AppRow;
use crate::error::Result;
use crate::model::apps::App;
use domain::ids::{CompanyId, PackageId, PersonId};
use domain::names::Subdomain;
use domain::roles::TeamRole;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;
use views::packages::PackageSummary;

/// A package in the list.
pub(crate) struct ListedPackage {
    pub(crate) summary: PackageSummary,
    pub(crate) uploaded_at: OffsetDateTime,
}

/// The app with one of its packages, if it has any.
struct Row {
    app_id: Uuid,
    app_name: String,
    subdomain: String,
    region: String,
    generation: String,
    plan: String,
    state: String,
    created_at: OffsetDateTime,
    role: Option<String>,
    id: Option<Uuid>,
    file_name: Option<String>,
    name: Option<String>,
    version: Option<String>,
    runtime_version: Option<String>,
    size_bytes: Option<i64>,
    unpacked_bytes: Option<i64>,
    files: Option<i64>,
    digest: Option<String>,
    cloud_constants: Option<Vec<String>>,
    uploaded_by: Option<String>,
    uploaded_at: Option<OffsetDateTime>,
    used_by: Vec<String>,
}

/// An app, the person's role in its team, and its packages, newest first; one more than a page holds.
pub(crate) async fn listed(
    db: &mut PgConnection,
    company: CompanyId,
    person: Option<PersonId>,
    subdomain: &Subdomain,
    after: Option<(OffsetDateTime, PackageId)>,
) -> Result<Option<(App, Option<TeamRole>, Vec<ListedPackage>)>> {
    let (after_at, after_id) = after.map(|(at, id)| (at, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select a.id as app_id, a.name as app_name, a.subdomain, a.region, a.generation, a.plan, a.state, a.created_at,
               m.role as "role?",
               p.id as "id?", p.file_name as "file_name?", p.name as "name?", p.version as "version?",
               p.runtime_version as "runtime_version?", p.size_bytes as "size_bytes?", p.unpacked_bytes as "unpacked_bytes?",
               p.files as "files?", p.digest as "digest?", p.cloud_constants as "cloud_constants?", p.uploaded_by as "uploaded_by?", p.created_at as "uploaded_at?",
               array(
                   select e.name from environments e
                   where e.company_id = $1 and e.app_id = a.id and p.id in (e.package_id, e.live_package_id, e.deploying_package_id)
                   order by e.position
               ) as "used_by!"
        from apps a
        left join app_members m on m.company_id = $1 and m.app_id = a.id and m.person_id = $2
        left join lateral (
            select id, file_name, name, version, runtime_version, size_bytes, unpacked_bytes, files, left(sha256, 8) as digest, cloud_constants,
                   uploaded_by, created_at
            from packages
            where company_id = $1 and app_id = a.id
                and ($4::timestamptz is null or (created_at, id) < ($4, $5::uuid))
            order by created_at desc, id desc
            limit $6
        ) p on true
        where a.company_id = $1 and a.subdomain = $3
        order by p.created_at desc, p.id desc
        "#,
        company.uuid(),
        person.map(PersonId::uuid),
        subdomain.as_str(),
        after_at,
        after_id,
        crate::page::PAGE + 1,
    );
    let rows = rows.fetch_all(db).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let role = first.role.as_deref().and_then(TeamRole::parse);
    let app = App::try_from(first.app(company))?;
    let packages = rows.into_iter().filter_map(Row::package).collect();
    Ok(Some((app, role, packages)))
}

impl Row {
    fn app(&self, company: CompanyId) -> AppRow {
        AppRow {
            id: self.app_id,
            company_id: company.uuid(),
            name: self.app_name.clone(),
            subdomain: self.subdomain.clone(),
            region: self.region.clone(),
            generation: self.generation.clone(),
            plan: self.plan.clone(),
            state: self.state.clone(),
            created_at: self.created_at,
            role: None,
        }
    }

    fn package(self) -> Option<ListedPackage> {
        let (id, uploaded_at) = self.id.zip(self.uploaded_at)?;
        let number = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        Some(ListedPackage {
            summary: PackageSummary {
                id: PackageId::new(id),
                file_name: self.file_name.unwrap_or_default(),
                name: self.name.unwrap_or_default(),
                version: self.version.unwrap_or_default(),
                runtime: self.runtime_version.unwrap_or_default(),
                size: number(self.size_bytes),
                files: number(self.files),
                unpacked: number(self.unpacked_bytes),
                digest: self.digest.unwrap_or_default(),
                cloud_constants: self.cloud_constants.unwrap_or_default(),
                uploaded_by: self.uploaded_by.unwrap_or_default(),
                uploaded_at: uploaded_at.unix_timestamp(),
                used_by: self.used_by,
            },
            uploaded_at,
        })
    }
}
