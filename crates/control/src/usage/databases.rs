//! Databases beyond their plans: closed after a margin, opened again when they are within, or to delete in them.

use super::verdict::{Verdict, fastest, verdict};
use super::words::{Of, closed, crossing, opened};
use super::{REFRESH_AFTER, tell};
use crate::db;
use crate::error::Result;
use crate::model::environments::Environment;
use crate::model::usage::{UsageRow, Why};
use crate::resources::databases::growth::{self, OnServer};
use crate::resources::databases::{Server, Tenant};
use crate::resources::engines::is_full;
use crate::resources::regions::{self, ServerInUse};
use crate::state::State;
use domain::disk::Level;
use std::collections::HashMap;
use time::{Duration, OffsetDateTime};

/// How long a database that is too large is open to delete in it.
const OPEN_FOR: Duration = Duration::hours(1);

/// Measures the databases of a server, and closes or opens what is to be.
pub(crate) async fn measure(state: &State, in_use: &ServerInUse) -> Result<()> {
    let rows = db::usage::of_regions(&mut *state.pool.acquire().await?, &in_use.regions).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = rows.iter().map(|row| row.database.clone()).collect();
    let server = in_use.servers.server();
    let sizes = growth::sizes(&server, &names).await?;
    let touched = is_reserve_touched(state, in_use).await?;
    let fastest = (touched == Some(true))
        .then(|| fastest(&rows, &sizes))
        .flatten();
    store(state, &rows, &sizes).await?;
    let mut last = Ok(());
    for row in &rows {
        let Some(found) = sizes.get(&row.database) else {
            continue;
        };
        let level = level(row, found.bytes);
        let verdict = if fastest.as_deref() == Some(row.database.as_str()) {
            Verdict::Close(Why::Reserve)
        } else {
            verdict(row, found, level, touched, state.now())
        };
        if let Err(error) = follow(state, &server, row, verdict).await {
            tracing::warn!(
                environment = %row.environment,
                error = &error as &dyn std::error::Error,
                "its database was neither closed nor opened"
            );
            last = Err(error);
        }
    }
    last
}

async fn follow(
    state: &State,
    server: &Server<'_>,
    row: &UsageRow,
    verdict: Verdict,
) -> Result<()> {
    match verdict {
        Verdict::Leave => Ok(()),
        Verdict::Close(why) => close(state, server, row, why).await,
        Verdict::Open(why) => open(state, server, row, why, None).await,
        // Nobody was told that it was closed.
        Verdict::Reopen => growth::open(server, &tenant(row)).await,
    }
}

/// Opens a database that was closed, for an hour, if a person has acted on its environment since.
pub(crate) async fn open_to_clean_up(state: &State, environment: &Environment) -> Result<()> {
    let (company, id) = (environment.company, environment.id);
    let mut db = state.pool.acquire().await?;
    let Some(row) = db::usage::get(&mut db, company, id).await? else {
        return Ok(());
    };
    drop(db);
    let Some(closed) = row.closed.filter(|it| it.revision < row.revision) else {
        return Ok(());
    };
    if closed.why == Why::Reserve {
        return Ok(());
    }
    let servers = regions::servers_in_use(state).await?;
    let mut servers = servers.iter();
    let Some(in_use) = servers.find(|it| it.regions.contains(&row.region)) else {
        return Ok(());
    };
    let until = state.now() + OPEN_FOR;
    open(
        state,
        &in_use.servers.server(),
        &row,
        closed.why,
        Some(until),
    )
    .await
}

async fn store(state: &State, rows: &[UsageRow], sizes: &HashMap<String, OnServer>) -> Result<()> {
    let now = state.now();
    let mut tx = state.pool.begin().await?;
    let mut changed = Vec::new();
    for row in rows {
        let Some(found) = sizes.get(&row.database) else {
            continue;
        };
        // What was promised before promises were written down.
        if let (None, Some(connections @ 1..)) = (row.connections, found.connections) {
            db::connections::promise(&mut tx, row.company, row.environment, connections).await?;
        }
        let (before, level) = (row.of_database, level(row, found.bytes));
        let is_old = before.at.is_none_or(|at| now - at >= REFRESH_AFTER);
        if before.bytes == found.bytes && before.level == level && !is_old {
            continue;
        }
        let allowed = row.database_allowed.unwrap_or(u64::MAX);
        let (used, plan) = (found.bytes, row.plan.as_str());
        if let Some(event) = crossing(Of::Database, before.level, level, used, allowed, plan) {
            tell(&mut tx, state, row, &event).await?;
        }
        changed.push(db::usage::Database {
            environment: row.environment,
            bytes: found.bytes,
            level,
        });
    }
    if !changed.is_empty() {
        db::usage::store_databases(&mut tx, &changed, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

fn level(row: &UsageRow, bytes: u64) -> Level {
    let allowed = row.database_allowed;
    allowed.map_or(Level::Fine, |allowed| Level::of(bytes, allowed))
}

/// Whether the disk that the server writes to has less free than is kept for the platform: known where it is on
/// the machine of an engine that was heard of it just now.
async fn is_reserve_touched(state: &State, in_use: &ServerInUse) -> Result<Option<bool>> {
    if !in_use.servers.postgres.is_here() {
        return Ok(Some(false));
    }
    let mut db = state.pool.acquire().await?;
    for code in &in_use.regions {
        let Some(region) = domain::regions::RegionCode::parse(code) else {
            continue;
        };
        if let Some(room) = regions::room(state, &mut db, &region).await? {
            return Ok(Some(is_full(&room)));
        }
    }
    Ok(None)
}

async fn close(state: &State, server: &Server<'_>, row: &UsageRow, why: Why) -> Result<()> {
    tracing::error!(
        environment = %row.environment,
        why = why.as_str(),
        "its database takes no connections any more: it is too large"
    );
    growth::close(server, &tenant(row)).await?;
    let mut tx = state.pool.begin().await?;
    db::usage::close(&mut tx, row, why, state.now()).await?;
    // The crossing of the line has told it the first time.
    if why == Why::Reserve || row.of_database.level == Level::Held {
        tell(&mut tx, state, row, &closed(why)).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn open(
    state: &State,
    server: &Server<'_>,
    row: &UsageRow,
    why: Why,
    until: Option<OffsetDateTime>,
) -> Result<()> {
    growth::open(server, &tenant(row)).await?;
    let mut tx = state.pool.begin().await?;
    db::usage::open(&mut tx, row, until).await?;
    tell(&mut tx, state, row, &opened(why, until.is_some())).await?;
    tx.commit().await?;
    Ok(())
}

fn tenant(row: &UsageRow) -> Tenant<'_> {
    Tenant {
        database: &row.database,
        role: &row.role,
        // Few are enough to delete with where nobody knows better.
        connections: row
            .connections
            .unwrap_or(domain::scaling::POOL_PER_INSTANCE),
    }
}
