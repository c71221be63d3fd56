//! How large databases are on a server, and whether they take connections.
//!
//! PostgreSQL has no limit on a database's size, and what would make it read-only the tenant's role can undo.
//! What a role cannot undo is the number of its connections.

use super::{ANSWERS_WITHIN, Open, Server, Tenant, failed, within};
use crate::error::Result;
use std::collections::HashMap;

/// Connections that no environment gets: those that PostgreSQL keeps for a superuser, the portal's, and what an
/// operator needs to look.
const KEPT: u32 = 30;

/// A database on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OnServer {
    pub(crate) bytes: u64,
    /// Connections that its role may have.
    pub(crate) connections: Option<u32>,
}

/// Sizes of the databases of these names that the server has, in one query.
pub(crate) async fn sizes(
    server: &Server<'_>,
    names: &[String],
) -> Result<HashMap<String, OnServer>> {
    let region = server.region;
    let mut server = Open::connect(server).await?;
    let asked = sqlx::query_as(
        r"
        select
            d.datname::text,
            case
                when has_database_privilege(d.oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage')
                then pg_database_size(d.oid)
            end,
            r.rolconnlimit
        from pg_database d left join pg_roles r on r.oid = d.datdba
        where d.datname = any($1)
        ",
    )
    .bind(names);
    let rows: Vec<(String, Option<i64>, Option<i32>)> =
        within(ANSWERS_WITHIN, asked.fetch_all(&mut server.connection))
            .await
            .map_err(|error| failed(region, error))?;
    // One that is being dropped just now has no size, nor has one that its owner lets nobody into, where that counts.
    let found = rows.into_iter().filter_map(|(name, bytes, connections)| {
        let found = OnServer {
            bytes: u64::try_from(bytes?).unwrap_or(0),
            connections: connections.and_then(|it| u32::try_from(it).ok()),
        };
        Some((name, found))
    });
    Ok(found.collect())
}

/// Connections that the server has for environments together.
pub(crate) async fn capacity(server: &Server<'_>) -> Result<u32> {
    let mut server = Open::connect(server).await?;
    Ok(server.max_connections().await?.saturating_sub(KEPT))
}

/// Ends the connections of a tenant's role and lets it make no others.
pub(crate) async fn close(server: &Server<'_>, tenant: &Tenant<'_>) -> Result<()> {
    tenant.check()?;
    let (role, region) = (tenant.role, server.region);
    let mut server = Open::connect(server).await?;
    server.limit_role(role, 0).await?;
    let ended = sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = $2",
    )
    .bind(tenant.database)
    .bind(role);
    within(ANSWERS_WITHIN, ended.fetch_all(&mut server.connection))
        .await
        .map_err(|error| failed(region, error))?;
    Ok(())
}

/// Lets a tenant's role make its connections again.
pub(crate) async fn open(server: &Server<'_>, tenant: &Tenant<'_>) -> Result<()> {
    tenant.check()?;
    let Tenant {
        role, connections, ..
    } = *tenant;
    let mut server = Open::connect(server).await?;
    server.limit_role(role, connections).await
}
