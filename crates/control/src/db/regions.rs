//! SQL of regions and of the residency rules.

use crate::error::Result;
use crate::model::regions::{RegionRow, SealedServing};
use domain::bad_row::BadRow;
use domain::jurisdictions::{Jurisdiction, JurisdictionCode, Residency, ResidencyRule};
use domain::regions::{Region, RegionCode, UncheckedRegion};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// The residency rules in force at a time. A rule with a code that is none is left out: what needs it says so.
pub(crate) async fn residency(db: &mut PgConnection, at: OffsetDateTime) -> Result<Residency> {
    let rows = sqlx::query!(
        r#"
        select distinct on (jurisdiction) jurisdiction, name, backups from residency_rules
        where valid_from <= $1
        order by jurisdiction, version desc
        "#,
        at,
    )
    .fetch_all(db)
    .await?;
    let rules = rows.into_iter().filter_map(|row| {
        let backups = row.backups.iter();
        Some(ResidencyRule {
            jurisdiction: Jurisdiction {
                code: JurisdictionCode::parse(&row.jurisdiction)?,
                name: row.name,
            },
            backups: backups
                .filter_map(|code| JurisdictionCode::parse(code))
                .collect(),
        })
    });
    Ok(Residency::new(rules.collect()))
}

async fn select(
    db: &mut PgConnection,
    code: Option<&str>,
    at: OffsetDateTime,
) -> Result<Vec<RegionRow>> {
    let residency = residency(db, at).await?;
    let rows = sqlx::query!(
        r#"
        select code, name, city, data_place, data_jurisdiction, backups_place, backups_jurisdiction, takes_apps
        from regions
        where $1::text is null or code = $1
        order by position, code
        "#,
        code,
    )
    .fetch_all(db)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let region = UncheckedRegion {
            code: row.code,
            name: row.name,
            city: row.city,
            data_place: row.data_place,
            data_jurisdiction: row.data_jurisdiction,
            backups_place: row.backups_place,
            backups_jurisdiction: row.backups_jurisdiction,
        };
        RegionRow {
            region: region
                .check(&residency)
                .map_err(|error| BadRow::new("regions", &region.code, &error)),
            takes_apps: row.takes_apps,
        }
    });
    Ok(rows.collect())
}

/// Every region, in the order of the picker; of a row that breaks a rule, what is wrong with it.
pub(crate) async fn list(db: &mut PgConnection, at: OffsetDateTime) -> Result<Vec<RegionRow>> {
    select(db, None, at).await
}

/// The region of a code, or what is wrong with its row.
pub(crate) async fn get(
    db: &mut PgConnection,
    code: &RegionCode,
    at: OffsetDateTime,
) -> Result<RegionRow> {
    let found = select(db, Some(code.as_str()), at).await?.pop();
    Ok(found.unwrap_or_else(|| RegionRow {
        region: Err(BadRow::missing("regions", code.as_str())),
        takes_apps: false,
    }))
}

/// How a region is served, as its row has it.
pub(crate) async fn serving(
    db: &mut PgConnection,
    code: &RegionCode,
) -> Result<Option<SealedServing>> {
    let row = sqlx::query_as!(
        SealedServing,
        r#"
        select name, engine, postgres_admin_url as postgres, postgres_host, postgres_port, buckets, runtime
        from regions where code = $1
        "#,
        code.as_str(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row)
}

/// How every region is served, as the rows have it, by code.
pub(crate) async fn all_serving(db: &mut PgConnection) -> Result<Vec<(String, SealedServing)>> {
    let rows = sqlx::query!(
        r#"
        select code, name, engine, postgres_admin_url as postgres, postgres_host, postgres_port, buckets, runtime
        from regions order by position, code
        "#,
    )
    .fetch_all(db)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let serving = SealedServing {
            name: row.name,
            engine: row.engine,
            postgres: row.postgres,
            postgres_host: row.postgres_host,
            postgres_port: row.postgres_port,
            buckets: row.buckets,
            runtime: row.runtime,
        };
        (row.code, serving)
    });
    Ok(rows.collect())
}

/// The engine of every region, as the rows have it.
pub(crate) async fn engines(db: &mut PgConnection) -> Result<Vec<(String, Option<String>)>> {
    let rows = sqlx::query!("select code, engine from regions order by position, code")
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.code, row.engine)).collect())
}

/// Writes a region, over what was there under its code; the id it goes by.
pub(crate) async fn upsert(
    db: &mut PgConnection,
    region: &Region,
    takes_apps: bool,
    serving: &SealedServing,
    at: OffsetDateTime,
) -> Result<Uuid> {
    let id = sqlx::query_scalar!(
        r#"
        insert into regions
            (code, position, name, city, data_place, data_jurisdiction, backups_place, backups_jurisdiction, takes_apps,
             engine, postgres_admin_url, postgres_host, postgres_port, buckets, runtime, created_at, updated_at)
        values ($1, (select coalesce(max(position), 0) + 1 from regions), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
        on conflict on constraint regions_pkey do update set
            name = excluded.name, city = excluded.city, data_place = excluded.data_place,
            data_jurisdiction = excluded.data_jurisdiction, backups_place = excluded.backups_place,
            backups_jurisdiction = excluded.backups_jurisdiction, takes_apps = excluded.takes_apps,
            engine = excluded.engine, postgres_admin_url = excluded.postgres_admin_url,
            postgres_host = excluded.postgres_host, postgres_port = excluded.postgres_port,
            buckets = excluded.buckets, runtime = excluded.runtime, updated_at = excluded.updated_at
        returning id
        "#,
        region.code.as_str(),
        region.name,
        region.city,
        region.data.place,
        region.data.jurisdiction.code.as_str(),
        region.backups.place,
        region.backups.jurisdiction.code.as_str(),
        takes_apps,
        serving.engine,
        serving.postgres,
        serving.postgres_host,
        serving.postgres_port,
        serving.buckets,
        serving.runtime,
        at,
    )
    .fetch_one(db)
    .await?;
    Ok(id)
}
