//! User ids: one for each environment, never given to another.

use crate::disk;
use domain::ids::EnvironmentId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Ids that are passed over when the list was lost.
const GAP: u32 = 10_000;

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
    /// Reads what was given out before; `first` is where an empty list begins. A list that cannot be read is kept
    /// aside and made anew from what is `in_use`; gives why, too.
    pub fn open(
        file: PathBuf,
        first: u32,
        in_use: impl Iterator<Item = (EnvironmentId, u32)>,
    ) -> (Self, Option<String>) {
        let (given, problem) = match disk::read_json(&file) {
            Ok(given) => (given, None),
            Err(error) => {
                let problem = set_aside(&file, &error);
                (Some(made_anew(first, in_use)), Some(problem))
            }
        };
        let given = given.unwrap_or(Given {
            next: first,
            environments: BTreeMap::new(),
        });
        let given = Mutex::new(given);
        (Self { file, given }, problem)
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

/// Goes on after a gap: who was forgotten may have had ids that are larger than any in use, and left files.
fn made_anew(first: u32, in_use: impl Iterator<Item = (EnvironmentId, u32)>) -> Given {
    let in_use = in_use.filter(|(_, uid)| *uid >= first);
    let environments: BTreeMap<String, u32> = in_use
        .map(|(environment, uid)| (environment.to_string(), uid))
        .collect();
    let highest = environments.values().copied().max().unwrap_or(first);
    Given {
        next: highest.saturating_add(GAP),
        environments,
    }
}

fn set_aside(file: &Path, error: &io::Error) -> String {
    let aside = file.with_extension("unreadable");
    if let Err(error) = std::fs::rename(file, &aside) {
        tracing::warn!(%error, "the list of user ids cannot be kept aside");
    }
    format!(
        "{}: the list of user ids cannot be read: {error}. It was made anew from what runs, and is kept as {}. \
         Remove that file when nobody needs it.",
        file.display(),
        aside.display()
    )
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
        let (uids, problem) = Uids::open(file.clone(), 200_000, std::iter::empty());
        assert_eq!(problem, None);
        assert_eq!(uids.of(one).expect("given"), 200_000);
        assert_eq!(uids.of(two).expect("given"), 200_001);
        let (uids, _) = Uids::open(file, 900_000, std::iter::empty());
        assert_eq!(uids.of(one).expect("given"), 200_000);
        uids.forget(two).expect("forgotten");
        assert_eq!(uids.of(three).expect("given"), 200_002);
        assert_eq!(uids.of(two).expect("given"), 200_003);
    }

    #[test]
    fn a_list_that_is_lost_gives_no_id_to_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("uids.json");
        let [one, two, root] = [1, 2, 3].map(|n| EnvironmentId::new(Uuid::from_u128(n)));
        std::fs::write(&file, "{\"next\": 2").expect("damaged");
        let in_use = [(one, 200_007), (root, 0)].into_iter();
        let (uids, problem) = Uids::open(file.clone(), 200_000, in_use);
        assert!(problem.expect("said").contains("uids.unreadable"));
        assert!(file.with_extension("unreadable").exists());
        assert_eq!(uids.of(one).expect("given"), 200_007);
        assert_eq!(uids.of(two).expect("given"), 210_007);
        assert_eq!(uids.of(root).expect("given"), 210_008);
    }
}
