//! How many connections each environment gets: what its instances can open, never most of what a server has, and all
//! together a few times what it has, since few environments use theirs at once.

use super::growth;
use crate::db;
use crate::error::{Error, Result};
use crate::model::environments::Environment;
use crate::resources::regions::{self, RegionServers};
use crate::state::State;
use sqlx::PgConnection;

/// An environment gets at most this part of what is left; the next one so finds some, too.
const PART_OF_WHAT_IS_LEFT: u32 = 4;

/// All together are promised so many times what the server has, unless a setting says how many.
const OVERCOMMIT: u32 = 4;

/// Nor more than this part of all that the server has.
const PART_OF_ALL: u32 = 3;

/// With fewer an instance cannot be replaced: the old one and the new one open as many together.
const LEAST: u32 = 2 * domain::scaling::POOL_PER_INSTANCE;

/// What a database server has to promise.
pub(crate) struct Room {
    /// The connections that it takes from environments.
    all: u32,
    /// How many of them may be promised.
    capacity: u32,
    /// The regions whose databases it has.
    regions: Vec<String>,
    /// The region that is asked for, for people.
    name: String,
}

/// What the server of a region has to promise; asked before the lock, so that a silent server holds up nobody else.
pub(crate) async fn room(state: &State, region: &RegionServers) -> Result<Room> {
    let in_use = regions::servers_in_use(state).await?.into_iter();
    let mut same = in_use.filter(|it| it.servers.postgres.is_same(&region.postgres));
    let all = growth::capacity(&region.server()).await?;
    Ok(Room {
        all,
        capacity: state
            .config
            .limits
            .database_connections
            .unwrap_or(all * OVERCOMMIT),
        regions: same.next().map(|it| it.regions).unwrap_or_default(),
        name: region.name.clone(),
    })
}

/// Promises an environment up to `wanted` connections, once, in a transaction; how many those are.
pub(crate) async fn promise(
    tx: &mut PgConnection,
    room: &Room,
    environment: &Environment,
    wanted: u32,
) -> Result<u32> {
    let (company, id) = (environment.company, environment.id);
    db::connections::lock(tx).await?;
    if let Some(promised) = db::connections::of(tx, company, id).await? {
        return Ok(promised);
    }
    let promised = db::connections::promised(tx, &room.regions).await?;
    let Room {
        all,
        capacity,
        name,
        ..
    } = room;
    let wanted = wanted.min((all / PART_OF_ALL).max(LEAST));
    let connections = share(wanted, *capacity, promised).ok_or_else(|| {
        Error::Conflict(format!(
            "The database server of {name} has no connections left: {promised} of {capacity} are promised to environments. Delete an app that nobody needs, or ask an operator to raise max_connections.",
        ))
    })?;
    db::connections::promise(tx, company, id, connections).await?;
    Ok(connections)
}

/// What one environment gets where `promised` of `capacity` are given away; nothing where too few are left.
fn share(wanted: u32, capacity: u32, promised: u32) -> Option<u32> {
    let left = capacity.saturating_sub(promised);
    let share = wanted.min((left / PART_OF_WHAT_IS_LEFT).max(LEAST));
    (share <= left).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn all_together_are_never_promised_more_than_there_is() {
        for capacity in [0, 19, 20, 70, 370, 1170] {
            let (mut promised, mut given) = (0, 0);
            while let Some(share) = share(90, capacity, promised) {
                assert!(share >= 20, "{share}");
                promised += share;
                given += 1;
            }
            assert!(
                promised <= capacity && capacity - promised < 20,
                "{capacity}"
            );
            assert!(capacity < 370 || given >= 7, "{capacity}: {given}");
        }
        assert_eq!(share(50, 1170, 0), Some(50), "no more than is wanted");
        assert_eq!(share(200, 370, 0), Some(92), "a quarter of what is left");
    }
}
