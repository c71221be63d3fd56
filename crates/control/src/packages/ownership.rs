//! Whose store it is: a sweep goes by what the database does not know, so it must be the store's own.
//!
//! Store and database each have the installation's id and the number of sweeps. Another id is another
//! installation's store; a database that is behind the store was restored, and does not know what came since. A
//! store of before there was a mark is the database's if that knows all that is in it.

use super::sweep;
use crate::db;
use crate::db::installation::Installation;
use crate::error::{Error, Result};
use crate::objects::key::ObjectKind;
use crate::state::State;
use std::time::SystemTime;

/// Counts this sweep in both places, unless the store is another's or the database an older one.
/// What came after `before` may be on its way into the database.
pub(super) async fn claim(state: &State, before: SystemTime) -> Result<()> {
    let ours = db::installation::get(&mut *state.pool.acquire().await?).await?;
    let mark = state.objects.mark().await?;
    match mark.as_deref().map(parse) {
        None if ours.sweeps == 0 => {
            if !sweep::orphans(state, before).await?.is_empty() {
                return Err(refused(
                    "the store does not say whose it is, and has files that the portal's database does not know: another installation's, or what was kept since the database was saved",
                ));
            }
        }
        None if state.objects.list(ObjectKind::Package).await?.is_empty() => {}
        Some(Some(store)) if store.id == ours.id && is_as_old(&ours, &store) => {}
        Some(Some(store)) if store.id == ours.id => {
            return Err(refused(
                "the portal's database is older than the store: it was restored, and does not know what was kept since",
            ));
        }
        Some(Some(_)) => return Err(refused("the store is another installation's")),
        None | Some(None) => return Err(refused("the store does not say whose it is")),
    }
    count(state, ours.sweeps).await
}

/// Makes the store this installation's, on an operator's word: from now on what its database does not know goes.
pub async fn adopt(state: &State) -> Result<()> {
    let mark = state.objects.mark().await?;
    let store = mark.as_deref().and_then(parse);
    count(state, store.map_or(0, |store| store.sweeps)).await
}

/// The database first: when the store is not reached, it is one behind, which is as good.
async fn count(state: &State, at_least: i64) -> Result<()> {
    let mut db = state.pool.acquire().await?;
    let counted = db::installation::count_sweep(&mut db, at_least).await?;
    drop(db);
    let mark = format!("{} {}\n", counted.id, counted.sweeps);
    state.objects.set_mark(mark).await
}

fn is_as_old(ours: &Installation, store: &Installation) -> bool {
    store.sweeps <= ours.sweeps
}

fn parse(mark: &str) -> Option<Installation> {
    let (id, sweeps) = mark.trim_end().split_once(' ')?;
    Some(Installation {
        id: id.parse().ok()?,
        sweeps: sweeps.parse().ok()?,
    })
}

fn refused(why: &str) -> Error {
    Error::Unavailable {
        text: format!(
            "Nothing is swept: {why}. If what this database does not know may go all the same, run `portal adopt-store`."
        ),
        source: None,
    }
}
