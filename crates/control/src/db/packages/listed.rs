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
use views::packages::PackageSummary;

/// A package in the list.
pub(crate) struct ListedPackage {
    pub(crate) summary: PackageSummary,
    pub(crate) uploaded_at: OffsetDateTime,
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
    let rows = sqlx::query!(
        r#"
        select a.id as app_id, a.name as app_name, a.subdomain, a.region, a.generation, a.plan, a.state, a.created_at,
               m.role as "role?",
               p.id as "id?", p.file_name as "file_name?", p.name as "name?", p.version as "version?",
               p.runtime_version as "runtime_version?", p.size_bytes as "size_bytes?", p.unpacked_bytes as "unpacked_bytes?",
               p.files as "files?", p.uploaded_by as "uploaded_by?", p.created_at as "uploaded_at?",
               array(
                   select e.name from environments e
                   where e.company_id = $1 and e.app_id = a.id and p.id in (e.package_id, e.live_package_id, e.deploying_package_id)
                   order by e.position
               ) as "used_by!"
        from apps a
        left join app_members m on m.company_id = $1 and m.app_id = a.id and m.person_id = $2
        left join lateral (
            select id, file_name, name, version, runtime_version, size_bytes, unpacked_bytes, files, uploaded_by, created_at
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
    )
    .fetch_all(db)
    .await?;
    let number = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    let (mut found, mut packages) = (None, Vec::new());
    for row in rows {
        if found.is_none() {
            let app = AppRow {
                id: row.app_id,
                company_id: company.uuid(),
                name: row.app_name,
                subdomain: row.subdomain,
                region: row.region,
                generation: row.generation,
                plan: row.plan,
                state: row.state,
                created_at: row.created_at,
                role: None,
            };
            let role = row.role.as_deref().and_then(TeamRole::parse);
            found = Some((App::try_from(app)?, role));
        }
        let Some((id, uploaded_at)) = row.id.zip(row.uploaded_at) else {
            continue;
        };
        packages.push(ListedPackage {
            summary: PackageSummary {
                id: PackageId::new(id),
                file_name: row.file_name.unwrap_or_default(),
                name: row.name.unwrap_or_default(),
                version: row.version.unwrap_or_default(),
                runtime: row.runtime_version.unwrap_or_default(),
                size: number(row.size_bytes),
                files: number(row.files),
                unpacked: number(row.unpacked_bytes),
                uploaded_by: row.uploaded_by.unwrap_or_default(),
                uploaded_at: uploaded_at.unix_timestamp(),
                used_by: row.used_by,
            },
            uploaded_at,
        });
    }
    Ok(found.map(|(app, role)| (app, role, packages)))
}
