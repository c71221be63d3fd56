//! Copies the engine's events to the database, so that pages show them after both have restarted.

use crate::db;
use crate::error::Result;
use crate::state::State;
use domain::topics::Topic;

/// How long the engine may hold the question until something happens, seconds.
const WAIT_SECONDS: u32 = 5;

/// Waits for events and stores them.
pub(crate) async fn pass(state: &State) -> Result<()> {
    let after = db::events::cursor(&mut *state.pool.acquire().await?).await?;
    let events = state.engine.events(after, WAIT_SECONDS).await?;
    let Some(last) = events.last() else {
        return Ok(());
    };
    let mut tx = state.pool.begin().await?;
    for event in &events {
        if let Some(company) = db::events::insert(&mut tx, event).await? {
            let topics = [Topic::Environment(event.workload)];
            db::notify::changed(&mut tx, company, &topics).await?;
        }
    }
    db::events::set_cursor(&mut tx, last.sequence).await?;
    tx.commit().await?;
    Ok(())
}
