//! SQL of packages.

mod listed;

pub(crate) use listed::listed;

use super::{broken, parsed};
use crate::error::{Error, Result};
use crate::model::packages::{Constant, Package};
use domain::ids::{AppId, CompanyId, PackageId};
use domain::versions::RuntimeVersion;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

struct PackageRow {
    id: Uuid,
    file_name: String,
    name: String,
    version: String,
    runtime_version: String,
    java_version: Option<i32>,
    description: String,
    size_bytes: i64,
    unpacked_bytes: i64,
    files: i64,
    sha256: String,
    constants: serde_json::Value,
    scheduled_events: serde_json::Value,
    cloud_constants: Vec<String>,
    uploaded_by: String,
    created_at: OffsetDateTime,
    used_by: Vec<String>,
}

impl TryFrom<PackageRow> for Package {
    type Error = Error;
    fn try_from(row: PackageRow) -> Result<Self> {
        const TABLE: &str = "packages";
        let id = row.id;
        let number = |n: i64, column| parsed(u64::try_from(n).ok(), TABLE, column, id);
        let constants: Option<Vec<Constant>> = serde_json::from_value(row.constants).ok();
        let scheduled_events: Option<Vec<String>> =
            serde_json::from_value(row.scheduled_events).ok();
        Ok(Self {
            id: PackageId::new(id),
            file_name: row.file_name,
            name: row.name,
            version: row.version,
            runtime: parsed(
                RuntimeVersion::parse(&row.runtime_version).ok(),
                TABLE,
                "runtime_version",
                id,
            )?,
            java_version: row.java_version.and_then(|v| u32::try_from(v).ok()),
            description: row.description,
            size: number(row.size_bytes, "size_bytes")?,
            unpacked: number(row.unpacked_bytes, "unpacked_bytes")?,
            files: number(row.files, "files")?,
            sha256: row.sha256,
            constants: parsed(constants, TABLE, "constants", id)?,
            scheduled_events: parsed(scheduled_events, TABLE, "scheduled_events", id)?,
            cloud_constants: row.cloud_constants,
            uploaded_by: row.uploaded_by,
            uploaded_at: row.created_at,
            used_by: row.used_by,
        })
    }
}

pub(crate) async fn insert(
    db: &mut PgConnection,
    company: CompanyId,
    app: AppId,
    package: &Package,
) -> Result<()> {
    let number = |n: u64| i64::try_from(n).map_err(|e| Error::internal("storing a size", e));
    let json =
        |value| serde_json::to_value(value).map_err(|e| Error::internal("storing a package", e));
    sqlx::query!(
        r#"
        insert into packages
            (id, company_id, app_id, file_name, name, version, runtime_version, java_version, description,
             size_bytes, unpacked_bytes, files, sha256, constants, scheduled_events, uploaded_by, created_at, updated_at,
             cloud_constants)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $18)
        "#,
        package.id.uuid(),
        company.uuid(),
        app.uuid(),
        package.file_name,
        package.name,
        package.version,
        package.runtime.to_string(),
        package.java_version.and_then(|v| i32::try_from(v).ok()),
        package.description,
        number(package.size)?,
        number(package.unpacked)?,
        number(package.files)?,
        package.sha256,
        json(&package.constants)?,
        serde_json::json!(package.scheduled_events),
        package.uploaded_by,
        package.uploaded_at,
        &package.cloud_constants,
    )
    .execute(db)
    .await
    .map_err(|error| match broken(&error) {
        Some("packages_app_version_key") => Error::invalid(
            "package",
            format!("Version {} is in this app's repository already. Give the new package another version, or delete the old one.", package.version),
        ),
        Some("packages_app_sha256_key") => Error::invalid(
            "package",
            "This very file is in this app's repository already, byte by byte. Deploy that one, or build the package anew.",
        ),
        Some("packages_app_fkey") => Error::NotFound,
        _ => error.into(),
    })?;
    Ok(())
}

/// One package.
pub(crate) async fn get(
    db: &mut PgConnection,
    company: CompanyId,
    app: AppId,
    id: PackageId,
) -> Result<Option<Package>> {
    let row = sqlx::query_as!(
        PackageRow,
        r#"
        select p.id, p.file_name, p.name, p.version, p.runtime_version, p.java_version, p.description, p.size_bytes,
               p.unpacked_bytes, p.files, p.sha256, p.constants, p.scheduled_events, p.cloud_constants, p.uploaded_by, p.created_at,
               array(
                   select e.name from environments e
                   where e.company_id = $1 and e.app_id = $2 and p.id in (e.package_id, e.live_package_id, e.deploying_package_id)
                   order by e.position
               ) as "used_by!"
        from packages p
        where p.company_id = $1 and p.app_id = $2 and p.id = $3
        "#,
        company.uuid(),
        app.uuid(),
        id.uuid(),
    );
    row.fetch_optional(db)
        .await?
        .map(Package::try_from)
        .transpose()
}

pub(crate) async fn ids_of_app(
    db: &mut PgConnection,
    company: CompanyId,
    app: AppId,
) -> Result<Vec<PackageId>> {
    let ids = sqlx::query_scalar!(
        r#"select id as "id: PackageId" from packages where company_id = $1 and app_id = $2"#,
        company.uuid(),
        app.uuid()
    );
    Ok(ids.fetch_all(db).await?)
}

/// Deletes a package that no environment wants or serves; false if one does.
pub(crate) async fn delete(
    db: &mut PgConnection,
    company: CompanyId,
    app: AppId,
    id: PackageId,
) -> Result<bool> {
    let done = sqlx::query!(
        "delete from packages where company_id = $1 and app_id = $2 and id = $3",
        company.uuid(),
        app.uuid(),
        id.uuid()
    )
    .execute(db)
    .await;
    match done {
        Ok(done) => Ok(done.rows_affected() == 1),
        Err(error)
            if matches!(
                broken(&error),
                Some(
                    "environments_package_fkey"
                        | "environments_live_package_fkey"
                        | "environments_deploying_package_fkey"
                )
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Those of `ids` that are no package of any company: their files are left over.
pub(crate) async fn without_row(
    db: &mut PgConnection,
    ids: &[PackageId],
) -> Result<Vec<PackageId>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let found = sqlx::query_scalar!(
        r#"select id as "id!: PackageId" from unnest($1::uuid[]) as files (id) where not exists (select from packages p where p.id = files.id)"#,
        &ids
    );
    Ok(found.fetch_all(db).await?)
}

/// Those of `ids` that no environment wants or serves: engines need no copy of them.
pub(crate) async fn not_deployed(
    db: &mut PgConnection,
    ids: &[PackageId],
) -> Result<Vec<PackageId>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let found = sqlx::query_scalar!(
        r#"
        select id as "id!: PackageId" from unnest($1::uuid[]) as files (id)
        where not exists (select from environments e where e.package_id = files.id)
            and not exists (select from environments e where e.live_package_id = files.id)
        "#,
        &ids
    );
    Ok(found.fetch_all(db).await?)
}
