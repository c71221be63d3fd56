//! Looks for what no row knows and keeps it for the operator's page; removes what was asked for there.

use super::replica::Replica;
use super::task::Task;
use crate::db;
use crate::db::orphans::Seen;
use crate::error::{Error, Result};
use crate::model::orphans::OrphanRow;
use crate::orphans::{self, Orphan, OrphanKind};
use crate::state::State;
use domain::topics::Topic;
use std::sync::Arc;
use std::time::Duration;

/// How often, unless somebody asks before.
const EVERY: Duration = Duration::from_hours(1);

/// Removals of one pass: the next pass has the others.
const REMOVALS: i64 = 100;

pub(super) fn task(replica: &Replica) -> Task {
    let state = Arc::clone(&replica.state);
    let task = Task::every("orphans", EVERY, move || {
        let state = Arc::clone(&state);
        async move { pass(&state).await }
    });
    task.woken_by_topic(&replica.changes, Topic::Orphans)
}

async fn pass(state: &State) -> Result<()> {
    remove_asked(state).await?;
    let began = state.now();
    let found = orphans::list(state).await?;
    if !found.orphans.is_empty() {
        tracing::warn!(
            number = found.orphans.len(),
            "there are workloads, databases or buckets that no row knows; see the operator's page or `portal orphans list`"
        );
    }
    let seen = found.orphans.into_iter().map(|(orphan, places)| Seen {
        kind: orphan.kind.code(),
        environment: orphan.environment,
        place: places.join(", "),
    });
    let seen: Vec<Seen> = seen.collect();
    let mut tx = state.pool.begin().await?;
    db::orphans::store(&mut tx, &seen, found.unseen.is_empty(), began).await?;
    db::orphans::searched(&mut tx, &found.unseen, began).await?;
    db::commit(tx).await
}

async fn remove_asked(state: &State) -> Result<()> {
    let asked = db::orphans::list(&mut *state.pool.acquire().await?, true, REMOVALS).await?;
    for row in asked {
        let failure = remove(state, &row).await.err().map(|error| {
            tracing::warn!(
                kind = row.kind,
                environment = %row.environment,
                error = &error as &dyn std::error::Error,
                "what no row knows was not removed"
            );
            error.to_string()
        });
        let mut db = state.pool.acquire().await?;
        db::orphans::removal_ended(&mut db, row.id, failure.as_deref(), state.now()).await?;
    }
    Ok(())
}

async fn remove(state: &State, row: &OrphanRow) -> Result<()> {
    let kind = OrphanKind::parse(&row.kind)
        .ok_or_else(|| Error::internal("removing what no row knows", row.kind.clone()))?;
    let orphan = Orphan {
        kind,
        environment: row.environment,
    };
    orphans::remove(state, orphan, row.remove_asked_by.as_deref()).await
}
