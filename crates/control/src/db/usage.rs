//! SQL of what environments take of disks.

use crate::error::Result;
use crate::model::usage::{Closed, Measured, UsageRow, Why, allowed, level_of, level_word};
use domain::disk::Level;
use domain::ids::{CompanyId, EnvironmentId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// What is stored of an environment's files.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(crate) environment: EnvironmentId,
    pub(crate) bytes: u64,
    pub(crate) count: u64,
    pub(crate) run_bytes: u64,
    pub(crate) held: bool,
    pub(crate) level: Level,
    pub(crate) at: OffsetDateTime,
}

/// What is stored of an environment's database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Database {
    pub(crate) environment: EnvironmentId,
    pub(crate) bytes: u64,
    pub(crate) level: Level,
}

/// The environments that have a database, of some regions.
pub(crate) async fn of_regions(db: &mut PgConnection, regions: &[String]) -> Result<Vec<UsageRow>> {
    select(db, Some(regions), None).await
}

/// One environment.
pub(crate) async fn get(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
) -> Result<Option<UsageRow>> {
    Ok(select(db, None, Some((company, id))).await?.pop())
}

async fn select(
    db: &mut PgConnection,
    regions: Option<&[String]>,
    one: Option<(CompanyId, EnvironmentId)>,
) -> Result<Vec<UsageRow>> {
    let rows = sqlx::query!(
        r#"
        select e.id, e.company_id, a.region, a.plan, e.database_name, e.database_role, e.connections, e.revision,
               p.files_gib as "files_gib?", p.database_disk_gib as "database_disk_gib?",
               u.files_bytes as "files_bytes?", u.files as "files?",
               u.files_held as "files_held?", u.files_level as "files_level?", u.files_at as "files_at?",
               u.database_bytes as "database_bytes?", u.database_level as "database_level?",
               u.database_at as "database_at?", u.closed_for as "closed_for?",
               u.closed_revision as "closed_revision?", u.open_until as "open_until?"
        from environments e
        join apps a on a.id = e.app_id
        left join plans p on p.code = a.plan
        left join environment_usage u on u.environment_id = e.id
        where ($1::text[] is null or (a.region = any($1) and e.provisioned and a.state = 'ready'))
          and ($2::uuid is null or e.company_id = $2) and ($3::uuid is null or e.id = $3)
        order by e.id
        "#,
        regions,
        one.map(|(company, _)| company.uuid()),
        one.map(|(_, id)| id.uuid()),
    )
    .fetch_all(db)
    .await?;
    let number = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    let level = |word: Option<String>| level_of(word.as_deref().unwrap_or_default());
    let found = rows.into_iter().map(|row| UsageRow {
        environment: EnvironmentId::new(row.id),
        company: CompanyId::new(row.company_id),
        region: row.region,
        plan: row.plan,
        database: row.database_name,
        role: row.database_role,
        connections: row.connections.and_then(|n| u32::try_from(n).ok()),
        revision: row.revision,
        files_allowed: allowed(row.files_gib),
        database_allowed: allowed(row.database_disk_gib),
        files: Measured {
            bytes: number(row.files_bytes),
            level: level(row.files_level),
            at: row.files_at,
        },
        file_count: number(row.files),
        files_held: row.files_held.unwrap_or(false),
        of_database: Measured {
            bytes: number(row.database_bytes),
            level: level(row.database_level),
            at: row.database_at,
        },
        closed: row
            .closed_for
            .as_deref()
            .and_then(Why::parse)
            .map(|why| Closed {
                why,
                revision: row.closed_revision.unwrap_or(0),
            }),
        open_until: row.open_until,
    });
    Ok(found.collect())
}

/// Stores what was measured of files, in one statement.
pub(crate) async fn store_files(db: &mut PgConnection, all: &[Files]) -> Result<()> {
    let ids: Vec<Uuid> = all.iter().map(|it| it.environment.uuid()).collect();
    let bytes: Vec<i64> = all.iter().map(|it| big(it.bytes)).collect();
    let files: Vec<i64> = all.iter().map(|it| big(it.count)).collect();
    let run: Vec<i64> = all.iter().map(|it| big(it.run_bytes)).collect();
    let held: Vec<bool> = all.iter().map(|it| it.held).collect();
    let levels: Vec<String> = all
        .iter()
        .map(|it| level_word(it.level).to_owned())
        .collect();
    let at: Vec<OffsetDateTime> = all.iter().map(|it| it.at).collect();
    sqlx::query!(
        r#"
        insert into environment_usage (environment_id, company_id, files_bytes, files, run_bytes, files_held, files_level, files_at)
        select e.id, e.company_id, m.bytes, m.files, m.run, m.held, m.level, m.at
        from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bool[], $6::text[], $7::timestamptz[])
             as m (id, bytes, files, run, held, level, at)
        join environments e on e.id = m.id
        order by e.id
        on conflict on constraint environment_usage_pkey do update
        set files_bytes = excluded.files_bytes, files = excluded.files, run_bytes = excluded.run_bytes,
            files_held = excluded.files_held, files_level = excluded.files_level, files_at = excluded.files_at
        "#,
        &ids,
        &bytes,
        &files,
        &run,
        &held,
        &levels,
        &at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Stores what was measured of databases, in one statement.
pub(crate) async fn store_databases(
    db: &mut PgConnection,
    all: &[Database],
    at: OffsetDateTime,
) -> Result<()> {
    let ids: Vec<Uuid> = all.iter().map(|it| it.environment.uuid()).collect();
    let bytes: Vec<i64> = all.iter().map(|it| big(it.bytes)).collect();
    let levels: Vec<String> = all
        .iter()
        .map(|it| level_word(it.level).to_owned())
        .collect();
    sqlx::query!(
        r#"
        insert into environment_usage (environment_id, company_id, database_bytes, database_level, database_at)
        select e.id, e.company_id, m.bytes, m.level, $4
        from unnest($1::uuid[], $2::bigint[], $3::text[]) as m (id, bytes, level)
        join environments e on e.id = m.id
        order by e.id
        on conflict on constraint environment_usage_pkey do update
        set database_bytes = excluded.database_bytes, database_level = excluded.database_level,
            database_at = excluded.database_at
        "#,
        &ids,
        &bytes,
        &levels,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes down that a database takes no connections.
pub(crate) async fn close(
    db: &mut PgConnection,
    row: &UsageRow,
    why: Why,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        r#"
        update environment_usage
        set closed_at = $3, closed_for = $4, closed_revision = $5, open_until = null
        where company_id = $1 and environment_id = $2
        "#,
        row.company.uuid(),
        row.environment.uuid(),
        at,
        why.as_str(),
        row.revision,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes down that a database takes connections again; until a time, where it is still too large.
pub(crate) async fn open(
    db: &mut PgConnection,
    row: &UsageRow,
    until: Option<OffsetDateTime>,
) -> Result<()> {
    sqlx::query!(
        r#"
        update environment_usage
        set closed_at = null, closed_for = null, closed_revision = null, open_until = $3
        where company_id = $1 and environment_id = $2
        "#,
        row.company.uuid(),
        row.environment.uuid(),
        until,
    )
    .execute(db)
    .await?;
    Ok(())
}

fn big(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
