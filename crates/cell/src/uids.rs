//! User ids: one for each environment, never given to another.

use crate::disk;
use domain::ids::EnvironmentId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The user ids that were given out.
#[derive(Debug)]
pub struct Uids {
    file: PathBuf,
    given: Mutex<Given>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Given {
    next: u32,
    environments: BTreeMap<String, u32>,
}

impl Uids {
    /// Reads what was given out before; `first` is where an empty list begins.
    pub fn open(file: PathBuf, first: u32) -> io::Result<Self> {
        let given = disk::read_json(&file)?.unwrap_or(Given {
            next: first,
            environments: BTreeMap::new(),
        });
        Ok(Self {
            file,
            given: Mutex::new(given),
        })
    }

    /// The user id of an environment.
    pub fn of(&self, environment: EnvironmentId) -> io::Result<u32> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(uid) = given.environments.get(&environment.to_string()) {
            return Ok(*uid);
        }
        let mut next = given.clone();
        let uid = next.next;
        next.next += 1;
        next.environments.insert(environment.to_string(), uid);
        disk::write_json(&self.file, &next)?;
        *given = next;
        Ok(uid)
    }

    /// Forgets an environment; its id stays unused, since files may still bear it.
    pub fn forget(&self, environment: EnvironmentId) -> io::Result<()> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given
            .environments
            .remove(&environment.to_string())
            .is_some()
        {
            disk::write_json(&self.file, &*given)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Uids;
    use domain::ids::EnvironmentId;
    use uuid::Uuid;

    #[test]
    fn an_environment_keeps_its_id_and_no_other_gets_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("uids.json");
        let [one, two, three] = [1, 2, 3].map(|n| EnvironmentId::new(Uuid::from_u128(n)));
        let uids = Uids::open(file.clone(), 200_000).expect("open");
        assert_eq!(uids.of(one).expect("given"), 200_000);
        assert_eq!(uids.of(two).expect("given"), 200_001);
        let uids = Uids::open(file, 900_000).expect("open again");
        assert_eq!(uids.of(one).expect("given"), 200_000);
        uids.forget(two).expect("forgotten");
        assert_eq!(uids.of(three).expect("given"), 200_002);
        assert_eq!(uids.of(two).expect("given"), 200_003);
    }
}
