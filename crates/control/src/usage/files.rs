//! What an engine measured of files: stored, and told where it crosses a line.

use super::words::{Of, crossing, reserve_held};
use super::{REFRESH_AFTER, tell};
use crate::db;
use crate::db::usage::Files;
use crate::error::Result;
use crate::model::usage::UsageRow;
use crate::state::State;
use domain::disk::Level;
use engine::usage::{DiskUse, Usage};
use std::collections::HashMap;

/// Stores what an engine measured of the environments of its regions.
pub(crate) async fn store(state: &State, regions: &[String], usage: &Usage) -> Result<()> {
    let rows = db::usage::of_regions(&mut *state.pool.acquire().await?, regions).await?;
    let measured: HashMap<_, _> = usage.environments.iter().map(|it| (it.id, it)).collect();
    let pairs = rows
        .iter()
        .filter_map(|row| Some((row, *measured.get(&row.environment)?)));
    let changed: Vec<_> = pairs
        .filter(|(row, found)| is_news(row, found))
        .map(|(row, found)| (row, files(row, found)))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let mut tx = state.pool.begin().await?;
    for (row, found) in &changed {
        let allowed = row.files_allowed.unwrap_or(u64::MAX);
        let before = row.files.level;
        let (used, plan) = (found.bytes, row.plan.as_str());
        let event = match crossing(Of::Files, before, found.level, used, allowed, plan) {
            Some(event) => Some(event),
            None if found.held && !row.files_held && found.level != Level::Held => {
                Some(reserve_held(Of::Files))
            }
            None => None,
        };
        if let Some(event) = event {
            tell(&mut tx, state, row, &event).await?;
        }
    }
    let all: Vec<Files> = changed.into_iter().map(|(_, found)| found).collect();
    db::usage::store_files(&mut tx, &all).await?;
    tx.commit().await?;
    Ok(())
}

fn files(row: &UsageRow, found: &DiskUse) -> Files {
    Files {
        environment: row.environment,
        bytes: found.files_bytes,
        count: found.files,
        run_bytes: found.run_bytes,
        held: found.held,
        level: level(row, found),
        at: found.measured_at,
    }
}

fn level(row: &UsageRow, found: &DiskUse) -> Level {
    let allowed = row.files_allowed;
    allowed.map_or(Level::Fine, |allowed| Level::of(found.files_bytes, allowed))
}

fn is_news(row: &UsageRow, found: &DiskUse) -> bool {
    row.files.bytes != found.files_bytes
        || row.file_count != found.files
        || row.files_held != found.held
        || row.files.level != level(row, found)
        || row
            .files
            .at
            .is_none_or(|at| found.measured_at - at >= REFRESH_AFTER)
}
