//! The places that a worker has for runs, lane by lane.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::lane::{Lane, LaneLimits};
use crate::lease::Claimable;

/// The places of one lane. A run gives its place back when the work on it ends, however it ends.
pub(super) struct Places {
    lane: Lane,
    per_tenant: i64,
    free: Arc<Semaphore>,
}

impl Places {
    pub(super) fn of(limits: &[(Lane, LaneLimits)]) -> Vec<Self> {
        let places = |(lane, limits): &(Lane, LaneLimits)| Self {
            lane: *lane,
            per_tenant: limits.per_tenant,
            free: Arc::new(Semaphore::new(limits.runs)),
        };
        limits.iter().map(places).collect()
    }

    /// A place in a lane.
    pub(super) fn take(places: &[Self], lane: Lane) -> Option<OwnedSemaphorePermit> {
        let places = places.iter().find(|places| places.lane == lane)?;
        Arc::clone(&places.free).try_acquire_owned().ok()
    }

    fn room(&self) -> i64 {
        i64::try_from(self.free.available_permits()).unwrap_or(i64::MAX)
    }
}

/// What there is room for, of the sagas known.
pub(super) fn claimable(
    places: &[Places],
    (names, versions): (Vec<String>, Vec<i16>),
) -> Claimable {
    let open: Vec<&Places> = places.iter().filter(|places| places.room() > 0).collect();
    Claimable {
        names,
        versions,
        lanes: open
            .iter()
            .map(|places| places.lane.name().to_owned())
            .collect(),
        room: open.iter().map(|places| places.room()).collect(),
        per_tenant: open.iter().map(|places| places.per_tenant).collect(),
    }
}
