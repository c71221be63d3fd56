//! What every environment takes of the disk, as it was measured last, and how fast it grows.

use crate::process::Identity;
use domain::disk::Level;
use domain::ids::{EnvironmentId, InstanceId};
use engine::usage::DiskUse;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use time::OffsetDateTime;
use uuid::Uuid;

/// Growth between two measurings that counts while the reserve is touched, bytes: who writes little goes on.
const GROWS: u64 = 1 << 20;

/// Growth between two measurings that no straggler explains, bytes.
const DEFIES: u64 = 16 << 20;

/// What is known of all.
#[derive(Debug, Default)]
pub struct DiskUses {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    followed: BTreeMap<Uuid, Followed>,
    environments: BTreeMap<Uuid, Environment>,
    instances: BTreeMap<Uuid, Folder>,
}

/// An instance's own folder.
#[derive(Debug, Default)]
struct Folder {
    bytes: u64,
    /// What its processes were told of how large a file may become.
    told: Option<bool>,
}

/// What is measured of an environment.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The environment.
    pub id: EnvironmentId,
    /// The folder of its bucket.
    pub bucket: Option<PathBuf>,
    /// What the plan allows its files.
    pub allowed: Option<u64>,
    /// Its instances, and the first process of each.
    pub instances: Vec<(InstanceId, Option<Identity>)>,
    /// The user id that they run as.
    pub uid: Option<u32>,
}

#[derive(Debug)]
struct Environment {
    of: DiskUse,
    /// Bytes that came since the measuring before.
    grown: u64,
    /// Held since the reserve was touched, for it grew most then.
    taken_most: bool,
    /// Held at the two measurings before.
    held_before: bool,
    held_once: bool,
}

/// What one measuring found.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Bytes of the bucket, and files in it.
    pub bucket: (u64, u64),
    /// Bytes of the instances' own folders.
    pub run_bytes: u64,
}

impl DiskUses {
    /// Notes a measuring; whether files may grow no further is decided anew, by what the plan allows.
    pub fn note(&self, id: EnvironmentId, found: Measured, allowed: Option<u64>) {
        let mut known = self.known();
        let before = known.environments.get(&id.uuid());
        let was = before.map_or(0, |it| it.of.files_bytes);
        let level = allowed.map_or(Level::Fine, |all| Level::of(found.bucket.0, all));
        // Once held it stays so until it is back within the plan, or it would go to and fro.
        let held =
            level == Level::Held || (level == Level::Over && before.is_some_and(|it| it.of.held));
        let taken_most = before.is_some_and(|it| it.taken_most) && found.bucket.0 >= was;
        let environment = Environment {
            of: DiskUse {
                id,
                files_bytes: found.bucket.0,
                files: found.bucket.1,
                run_bytes: found.run_bytes,
                held: held || taken_most,
                measured_at: OffsetDateTime::now_utc(),
            },
            grown: before.map_or(0, |_| found.bucket.0.saturating_sub(was)),
            taken_most,
            held_before: before.is_some_and(|it| it.held_once && it.of.held),
            held_once: before.is_some_and(|it| it.of.held),
        };
        known.environments.insert(id.uuid(), environment);
    }

    /// Notes what an instance's own folder takes.
    pub fn note_instance(&self, id: InstanceId, bytes: u64) {
        self.known().instances.entry(id.uuid()).or_default().bytes = bytes;
    }

    /// What an instance's own folder took when it was measured last.
    pub fn instance(&self, id: InstanceId) -> u64 {
        let known = self.known();
        known.instances.get(&id.uuid()).map_or(0, |it| it.bytes)
    }

    /// Notes what an instance's processes are told; whether that is new to them.
    pub fn tell(&self, id: InstanceId, held: bool) -> bool {
        let mut known = self.known();
        let folder = known.instances.entry(id.uuid()).or_default();
        folder.told.replace(held) != Some(held)
    }

    /// Measures an environment from now on, as it is now.
    pub fn follow(&self, it: Followed) {
        self.known().followed.insert(it.id.uuid(), it);
    }

    /// Measures it no longer.
    pub fn forget(&self, id: EnvironmentId) {
        let mut known = self.known();
        known.followed.remove(&id.uuid());
        known.environments.remove(&id.uuid());
    }

    /// Everything that is measured; what is known of instances that are gone is forgotten.
    pub fn followed(&self) -> Vec<Followed> {
        let mut known = self.known();
        let all: Vec<_> = known.followed.values().cloned().collect();
        let is_there = |id: &Uuid| {
            let mut instances = all.iter().flat_map(|it| &it.instances);
            instances.any(|(instance, _)| instance.uuid() == *id)
        };
        known.instances.retain(|id, _| is_there(id));
        all
    }

    /// Whether an environment's files may grow no further.
    pub fn is_held(&self, id: EnvironmentId) -> bool {
        let known = self.known();
        known
            .environments
            .get(&id.uuid())
            .is_some_and(|it| it.of.held)
    }

    /// Whether an environment's files went on growing after they were held, as those of a program do that has
    /// found a way.
    pub fn defies(&self, id: EnvironmentId) -> bool {
        let known = self.known();
        let environment = known.environments.get(&id.uuid());
        environment.is_some_and(|it| it.held_before && it.grown >= DEFIES)
    }

    /// The reserve is touched: of those who still grow the one that grew most is held.
    pub fn hold_the_fastest(&self) -> Option<EnvironmentId> {
        let mut known = self.known();
        let grow = known.environments.values_mut();
        let grow = grow.filter(|it| it.grown >= GROWS && !it.of.held);
        let most = grow.max_by_key(|it| (it.grown, it.of.files_bytes))?;
        most.taken_most = true;
        most.of.held = true;
        Some(most.of.id)
    }

    /// There is room again: who was held for the reserve's sake alone may grow.
    pub fn let_go(&self) {
        for it in self.known().environments.values_mut() {
            if std::mem::take(&mut it.taken_most) {
                it.of.held = false;
            }
        }
    }

    /// What is known of all.
    pub fn all(&self) -> Vec<DiskUse> {
        let known = self.known();
        known
            .environments
            .values()
            .map(|it| it.of.clone())
            .collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{DiskUses, Measured};
    use domain::ids::EnvironmentId;
    use uuid::Uuid;

    fn id(number: u128) -> EnvironmentId {
        EnvironmentId::new(Uuid::from_u128(number))
    }

    fn files(bytes: u64) -> Measured {
        Measured {
            bucket: (bytes, 1),
            run_bytes: 0,
        }
    }

    #[test]
    fn who_is_beyond_the_margin_is_held_until_back_within_the_plan() {
        let uses = DiskUses::default();
        for (bytes, held) in [
            (105, false),
            (111, true),
            (105, true),
            (100, false),
            (105, false),
        ] {
            uses.note(id(1), files(bytes), Some(100));
            assert_eq!(uses.is_held(id(1)), held, "{bytes}");
        }
        uses.note(id(1), files(500), None);
        assert!(!uses.is_held(id(1)), "nobody said how much");
    }

    #[test]
    fn who_grows_on_after_being_held_is_found_out() {
        let uses = DiskUses::default();
        for (mib, defies) in [
            (10, false),
            (200, false),
            (210, false),
            (230, true),
            (231, false),
        ] {
            uses.note(id(1), files(mib << 20), Some(100 << 20));
            assert_eq!(uses.defies(id(1)), defies, "{mib}");
        }
    }

    #[test]
    fn the_reserve_holds_who_grows_most() {
        let uses = DiskUses::default();
        for (number, first, second) in [(1, 900, 901), (2, 10, 60), (3, 7, 7)] {
            uses.note(id(number), files(first << 20), None);
            uses.note(id(number), files(second << 20), None);
        }
        assert_eq!(uses.hold_the_fastest(), Some(id(2)));
        assert_eq!(uses.hold_the_fastest(), Some(id(1)));
        assert_eq!(
            uses.hold_the_fastest(),
            None,
            "who does not grow takes nothing"
        );
        uses.let_go();
        assert!(!uses.is_held(id(2)));
    }
}
