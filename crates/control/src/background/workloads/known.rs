//! What is known of the environments that an engine should have: read once, and again when it may have changed.

use crate::db;
use crate::db::observations::EnvironmentRef;
use crate::error::Result;
use crate::live_updates::Update;
use crate::resources::engines::Named;
use crate::resources::regions;
use crate::state::State;
use domain::ids::EnvironmentId;
use domain::topics::Topic;
use engine::observation::Observation;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::Instant;

/// How old it may be; a lost notice is made good then.
const READ_EVERY: Duration = Duration::from_secs(30);

/// An environment and the revisions that the engine and this process know, where these differ.
type Difference = (EnvironmentId, Option<i64>, Option<i64>);

/// The environments, and what of them may have changed since they were read.
#[derive(Default)]
pub(super) struct Known {
    pub(super) environments: HashMap<EnvironmentId, EnvironmentRef>,
    read_at: Option<Instant>,
    regions: Vec<String>,
    changed: HashSet<EnvironmentId>,
    differences: HashSet<Difference>,
}

impl Known {
    /// Takes in what was told to have changed since the last time.
    pub(super) fn hear(&mut self, changes: &mut Receiver<Update>) {
        loop {
            match changes.try_recv() {
                Ok(Update::Changed { topics, .. }) => {
                    let before = self.changed.len();
                    self.changed
                        .extend(topics.iter().filter_map(|topic| match topic {
                            Topic::Environment(id) => Some(id),
                            _ => None,
                        }));
                    // An app that changes together with an environment is one whose list looks different.
                    let is_app = |topic: &Topic| matches!(topic, Topic::App(_));
                    if self.changed.len() == before && topics.iter().any(is_app) {
                        self.read_at = None;
                    }
                }
                Ok(Update::Lost(_) | Update::Lagged) | Err(TryRecvError::Lagged(_)) => {
                    self.read_at = None;
                }
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// Reads what may have changed: all of it now and then, and each environment that somebody changed or of
    /// which the engine has another revision than is known here. Whether all of it was read.
    pub(super) async fn refresh(
        &mut self,
        state: &State,
        engine: &Named,
        observed: &HashMap<EnvironmentId, Observation>,
    ) -> Result<bool> {
        if self.read_at.is_none_or(|at| at.elapsed() >= READ_EVERY) {
            self.regions = regions::of_engine(state, &engine.name).await?;
            let mut db = state.pool.acquire().await?;
            let read = db::observations::provisioned(&mut db, &self.regions, None).await?;
            db::observations::forget_but(&mut db, &engine.name, &self.regions).await?;
            self.environments = read.into_iter().map(|each| (each.id, each)).collect();
            self.changed.clear();
            self.differences = self.differences(observed);
            self.read_at = Some(Instant::now());
            return Ok(true);
        }
        let differences = self.differences(observed);
        let new = differences.difference(&self.differences);
        let mut asked: HashSet<EnvironmentId> = new.map(|(id, ..)| *id).collect();
        asked.extend(&self.changed);
        if !asked.is_empty() {
            let ids: Vec<EnvironmentId> = asked.into_iter().collect();
            let mut db = state.pool.acquire().await?;
            let read = db::observations::provisioned(&mut db, &self.regions, Some(&ids)).await?;
            for id in &ids {
                self.environments.remove(id);
            }
            self.environments
                .extend(read.into_iter().map(|each| (each.id, each)));
            self.changed.clear();
        }
        // What differs still is no news the next time.
        self.differences = self.differences(observed);
        Ok(false)
    }

    fn differences(&self, observed: &HashMap<EnvironmentId, Observation>) -> HashSet<Difference> {
        let known = |id: &EnvironmentId| self.environments.get(id).map(|each| each.revision);
        let seen = |id: &EnvironmentId| observed.get(id).map(|each| each.revision);
        let ids = self.environments.keys().chain(observed.keys());
        ids.map(|id| (*id, seen(id), known(id)))
            .filter(|(_, seen, known)| seen != known)
            .collect()
    }
}
