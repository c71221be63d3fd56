//! Copies an engine's events to the database, so that pages show them after both have restarted.

use crate::db;
use crate::error::Result;
use crate::resources::engines::Named;
use crate::resources::regions;
use crate::state::State;
use domain::topics::Topic;

/// How long the engine may hold the question until something happens, seconds.
const WAIT_SECONDS: u32 = 5;

/// Waits for events and stores them.
pub(crate) async fn pass(state: &State, Named { name, engine }: &Named) -> Result<()> {
    let after = db::events::cursor(&mut *state.pool.acquire().await?, name).await?;
    let events = engine.events(after, WAIT_SECONDS).await?;
    let Some(last) = events.last() else {
        return Ok(());
    };
    let regions = regions::of_engine(state, name).await?;
    let mut tx = state.pool.begin().await?;
    for event in &events {
        if let Some(company) = db::events::insert(&mut tx, event, &regions).await? {
            let topics = [Topic::Environment(event.workload)];
            db::notify::changed(&mut tx, company, &topics).await?;
        }
    }
    db::events::set_cursor(&mut tx, name, last.sequence).await?;
    tx.commit().await?;
    Ok(())
}
