//! SQL of the connections that database servers have promised environments.

use crate::error::Result;
use domain::ids::{CompanyId, EnvironmentId};
use sqlx::PgConnection;

/// The number of the lock under which connections are promised, one environment at a time.
const LOCK: i64 = 0x636f_6e6e_6563;

/// Waits until nobody else promises any; until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK)
        .execute(db)
        .await?;
    Ok(())
}

/// What an environment was promised.
pub(crate) async fn of(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
) -> Result<Option<u32>> {
    let promised = sqlx::query_scalar!(
        "select connections from environments where company_id = $1 and id = $2",
        company.uuid(),
        id.uuid(),
    )
    .fetch_optional(db)
    .await?;
    Ok(promised.flatten().and_then(|it| u32::try_from(it).ok()))
}

/// What the environments of some regions were promised together.
pub(crate) async fn promised(db: &mut PgConnection, regions: &[String]) -> Result<u32> {
    let sum = sqlx::query_scalar!(
        r#"
        select coalesce(sum(e.connections), 0) as "sum!"
        from environments e join apps a on a.id = e.app_id
        where a.region = any($1)
        "#,
        regions,
    )
    .fetch_one(db)
    .await?;
    Ok(u32::try_from(sum).unwrap_or(u32::MAX))
}

/// Promises an environment so many.
pub(crate) async fn promise(
    db: &mut PgConnection,
    company: CompanyId,
    id: EnvironmentId,
    connections: u32,
) -> Result<()> {
    sqlx::query!(
        "update environments set connections = $3 where company_id = $1 and id = $2",
        company.uuid(),
        id.uuid(),
        i32::try_from(connections).unwrap_or(i32::MAX),
    )
    .execute(db)
    .await?;
    Ok(())
}
