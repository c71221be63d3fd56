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

/// Growth of who is held that no straggler explains, bytes.
const DEFIES: u64 = 16 << 20;

/// What a file counts for at least, bytes: the places for files run out as well.
const FILE: u64 = 16 << 10;

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
    /// What it and its instances took, bytes.
    taken: u64,
    /// The least that was taken since it is held, from the first measuring after it was.
    held_with: Option<u64>,
}

/// What one measuring found.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Bytes of the bucket, and files in it.
    pub bucket: (u64, u64),
    /// Bytes of the instances' own folders.
    pub run_bytes: u64,
    /// Whether something could not be counted, which counts as too much.
    pub incomplete: bool,
}

impl DiskUses {
    /// Notes a measuring; whether files may grow no further is decided anew, by what the plan allows. False, and
    /// nothing noted, where it is measured no longer.
    pub fn note(&self, id: EnvironmentId, found: Measured, allowed: Option<u64>) -> bool {
        let mut known = self.known();
        // It may have been taken away while it was measured.
        if !known.followed.contains_key(&id.uuid()) {
            return false;
        }
        let before = known.environments.get(&id.uuid());
        let was = before.map_or(0, |it| it.taken);
        let files = found.bucket.0.max(found.bucket.1.saturating_mul(FILE));
        let taken = files.saturating_add(found.run_bytes);
        let level = allowed.map_or(Level::Fine, |all| Level::of(files, all));
        let level = if found.incomplete { Level::Held } else { level };
        // Once held it stays so until it is back within the plan, or it would go to and fro.
        let held =
            level == Level::Held || (level == Level::Over && before.is_some_and(|it| it.of.held));
        let taken_most = before.is_some_and(|it| it.taken_most) && taken >= was;
        let held = held || taken_most;
        let was_held = before.filter(|it| held && it.of.held);
        let environment = Environment {
            of: DiskUse {
                id,
                files_bytes: found.bucket.0,
                files: found.bucket.1,
                run_bytes: found.run_bytes,
                held,
                measured_at: OffsetDateTime::now_utc(),
            },
            grown: before.map_or(0, |_| taken.saturating_sub(was)),
            taken_most,
            taken,
            held_with: was_held.map(|it| it.held_with.unwrap_or(taken).min(taken)),
        };
        known.environments.insert(id.uuid(), environment);
        true
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

    /// Whether an instance's processes were told this last.
    pub fn is_told(&self, id: InstanceId, held: bool) -> bool {
        let known = self.known();
        let folder = known.instances.get(&id.uuid());
        folder.is_some_and(|it| it.told == Some(held))
    }

    /// Notes what an instance's processes were told.
    pub fn note_told(&self, id: InstanceId, held: bool) {
        self.known().instances.entry(id.uuid()).or_default().told = Some(held);
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
    /// found a way. Whoever asks ends one of its instances for it: it is said once.
    pub fn defies(&self, id: EnvironmentId) -> bool {
        let mut known = self.known();
        let Some(it) = known.environments.get_mut(&id.uuid()) else {
            return false;
        };
        let defies = it
            .held_with
            .is_some_and(|with| it.taken.saturating_sub(with) >= DEFIES);
        if defies {
            it.held_with = Some(it.taken);
        }
        defies
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
    use super::{DiskUses, Followed, Measured};
    use domain::ids::EnvironmentId;
    use uuid::Uuid;

    fn id(number: u128) -> EnvironmentId {
        EnvironmentId::new(Uuid::from_u128(number))
    }

    fn files(bytes: u64) -> Measured {
        Measured {
            bucket: (bytes, 0),
            run_bytes: 0,
            incomplete: false,
        }
    }

    fn following(numbers: impl IntoIterator<Item = u128>) -> DiskUses {
        let uses = DiskUses::default();
        for number in numbers {
            uses.follow(Followed {
                id: id(number),
                bucket: None,
                allowed: None,
                instances: Vec::new(),
                uid: None,
            });
        }
        uses
    }

    #[test]
    fn many_small_files_count_and_so_do_the_instances_own() {
        let uses = following([1]);
        let many = Measured {
            bucket: (0, 1_000),
            ..files(0)
        };
        uses.note(id(1), many, Some(10 << 20));
        assert!(uses.is_held(id(1)));
        let own = Measured {
            run_bytes: 4 << 20,
            ..files(0)
        };
        uses.note(id(1), files(0), Some(10 << 20));
        uses.note(id(1), own, Some(10 << 20));
        assert_eq!(uses.hold_the_fastest(), Some(id(1)));
    }

    #[test]
    fn what_was_taken_away_while_it_was_measured_stays_away() {
        let uses = following([1]);
        uses.forget(id(1));
        uses.note(id(1), files(1), None);
        assert!(uses.all().is_empty());
    }

    #[test]
    fn who_is_beyond_the_margin_is_held_until_back_within_the_plan() {
        let uses = following([1, 2, 3]);
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
        let hidden = Measured {
            incomplete: true,
            ..files(1)
        };
        uses.note(id(1), hidden, Some(100));
        assert!(uses.is_held(id(1)), "what cannot be counted is too much");
        uses.note(id(1), files(500), None);
        assert!(!uses.is_held(id(1)), "nobody said how much");
    }

    #[test]
    fn who_grows_on_after_being_held_is_found_out() {
        let uses = following([1, 2, 3]);
        for (mib, defies) in [
            (10, false),
            (200, false),
            (210, false),
            (220, false),
            (230, true),
            (231, false),
        ] {
            uses.note(id(1), files(mib << 20), Some(100 << 20));
            assert_eq!(uses.defies(id(1)), defies, "{mib}");
        }
    }

    #[test]
    fn the_reserve_holds_who_grows_most() {
        let uses = following([1, 2, 3]);
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
