//! What environments take of disks: stored, told when it nears the plan, held where it goes beyond.
//!
//! Four fifths of the plan are told as a warning, the whole of it as an alarm; nothing is refused before a tenth
//! more is taken. Files that may grow no further can be deleted; a database that takes no connections is opened
//! for an hour when somebody starts or restarts the environment, to delete in it.

pub(crate) mod databases;
pub(crate) mod files;
mod verdict;
pub(crate) mod view;
mod words;

use crate::db;
use crate::db::events::OwnEvent;
use crate::error::Result;
use crate::model::usage::UsageRow;
use crate::state::State;
use domain::topics::Topic;
use sqlx::PgConnection;
use time::Duration;

/// Age at which an unchanged measuring is written again: its time is shown.
const REFRESH_AFTER: Duration = Duration::minutes(5);

/// Stores what is to be told of an environment, and tells its pages.
async fn tell(
    db: &mut PgConnection,
    state: &State,
    row: &UsageRow,
    event: &OwnEvent,
) -> Result<()> {
    let (company, id) = (row.company, row.environment);
    db::events::insert_own(db, company, id, event, state.now()).await?;
    db::notify::changed(db, company, &[Topic::Environment(id)]).await
}
