//! Stores what has changed in what an engine tells, and tells those who look at it.

use super::meters::Difference;
use crate::db;
use crate::db::notify::Changed;
use crate::db::observations::EnvironmentRef;
use crate::error::Result;
use crate::resources::engines::Named;
use crate::sagas::OBSERVED;
use crate::state::State;
use domain::ids::EnvironmentId;
use domain::subjects::SubjectKind;
use domain::topics::Topic;
use engine::observation::Observation;
use saga::saga::Subject;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How old a meter may be that has moved.
const METERS_EVERY: Duration = Duration::from_secs(3);

/// Observations in one statement: each may carry a few lines of a log.
const AT_ONCE: usize = 200;

/// What is stored, as far as this process has written or read it.
#[derive(Default)]
pub(super) struct Written(HashMap<EnvironmentId, Row>);

struct Row {
    observation: Option<Observation>,
    /// Whether it is this engine that tells of it.
    by_this: bool,
    at: Instant,
}

/// An observation that is to be stored.
struct Change<'a> {
    environment: EnvironmentRef,
    observation: &'a Observation,
    difference: Difference,
}

impl Change<'_> {
    /// Whether a page says something else now.
    fn is_told(&self) -> bool {
        matches!(self.difference, Difference::Summary | Difference::Words)
    }

    fn topics(&self) -> Vec<Topic> {
        let environment = Topic::Environment(self.environment.id);
        match self.difference {
            Difference::Summary => vec![environment, Topic::App(self.environment.app), Topic::Apps],
            _ => vec![environment],
        }
    }
}

impl Written {
    /// Stores what is different from what is stored.
    pub(super) async fn store(
        &mut self,
        state: &State,
        engine: &Named,
        known: &HashMap<EnvironmentId, EnvironmentRef>,
        observed: &HashMap<EnvironmentId, Observation>,
    ) -> Result<()> {
        self.read(state, engine, known).await?;
        self.forget(state, engine, observed).await?;
        let mut changes: Vec<Change<'_>> = known
            .values()
            .filter_map(|each| self.change(*each, observed.get(&each.id)?))
            .collect();
        changes.sort_by_key(|change| change.environment.id.uuid());
        for changes in changes.chunks(AT_ONCE) {
            if self.write(state, engine, changes).await.is_err() {
                self.write_each(state, engine, changes).await?;
            }
        }
        Ok(())
    }

    /// Reads what is stored of environments that are new here, and forgets those that are no more.
    async fn read(
        &mut self,
        state: &State,
        engine: &Named,
        known: &HashMap<EnvironmentId, EnvironmentRef>,
    ) -> Result<()> {
        self.0.retain(|id, _| known.contains_key(id));
        let new = known.keys().filter(|id| !self.0.contains_key(id));
        let new: Vec<EnvironmentId> = new.copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut db = state.pool.acquire().await?;
        for row in db::observations::stored(&mut db, &new).await? {
            let by_this = row.by.as_deref() == Some(&*engine.name);
            let row_here = Row {
                observation: row.observation,
                by_this,
                at: Instant::now(),
            };
            self.0.insert(row.id, row_here);
        }
        Ok(())
    }

    /// What the engine tells of no more must not look as fresh as the engine.
    async fn forget(
        &mut self,
        state: &State,
        engine: &Named,
        observed: &HashMap<EnvironmentId, Observation>,
    ) -> Result<()> {
        let rows = self.0.iter();
        let gone = rows.filter(|(id, row)| row.by_this && !observed.contains_key(id));
        let gone: Vec<EnvironmentId> = gone.map(|(id, _)| *id).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let mut db = state.pool.acquire().await?;
        db::observations::forget(&mut db, &engine.name, &gone).await?;
        for id in gone {
            if let Some(row) = self.0.get_mut(&id) {
                row.by_this = false;
            }
        }
        Ok(())
    }

    /// What is to be stored of an environment, if anything.
    fn change<'a>(
        &self,
        environment: EnvironmentRef,
        observation: &'a Observation,
    ) -> Option<Change<'a>> {
        let row = self.0.get(&environment.id)?;
        let stored = row.observation.as_ref();
        let difference = stored.map_or(Difference::Summary, |stored| {
            Difference::between(stored, observation)
        });
        let is_due = match difference {
            Difference::Summary | Difference::Words => true,
            Difference::Meters => row.at.elapsed() >= METERS_EVERY,
            Difference::Nothing => false,
        };
        (is_due || !row.by_this).then_some(Change {
            environment,
            observation,
            difference,
        })
    }

    /// Each on its own, so that one that cannot be stored keeps no other back.
    async fn write_each(
        &mut self,
        state: &State,
        engine: &Named,
        changes: &[Change<'_>],
    ) -> Result<()> {
        let mut last = Ok(());
        for change in changes {
            if let Err(error) = self
                .write(state, engine, std::slice::from_ref(change))
                .await
            {
                tracing::warn!(environment = %change.environment.id, "an observation was not stored");
                last = Err(error);
            }
        }
        last
    }

    async fn write(&mut self, state: &State, engine: &Named, changes: &[Change<'_>]) -> Result<()> {
        // First: whoever is woken asks the engine, and a waking that is lost with this process comes again.
        wake_operations(state, changes).await?;
        let observations: Vec<&Observation> = changes.iter().map(|it| it.observation).collect();
        let mut tx = state.pool.begin().await?;
        let written = db::observations::observe(&mut tx, &engine.name, &observations).await?;
        let written: HashSet<EnvironmentId> = written.into_iter().collect();
        let is_written = |change: &&Change<'_>| written.contains(&change.environment.id);
        let told = changes.iter().filter(is_written).filter(|it| it.is_told());
        let told: Vec<Changed> = told
            .map(|change| Changed {
                company: change.environment.company,
                topics: change.topics(),
            })
            .collect();
        if !told.is_empty() {
            db::notify::all_changed(&mut tx, &told).await?;
        }
        tx.commit().await?;
        for change in changes.iter().filter(is_written) {
            let row = Row {
                observation: Some(change.observation.clone()),
                by_this: true,
                at: Instant::now(),
            };
            self.0.insert(change.environment.id, row);
        }
        Ok(())
    }
}

/// Wakes the operations that wait for what has just been observed.
async fn wake_operations(state: &State, changes: &[Change<'_>]) -> Result<()> {
    let told = || changes.iter().filter(|change| change.is_told());
    let ids: Vec<Uuid> = told().map(|change| change.environment.id.uuid()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut db = state.pool.acquire().await?;
    let worked_on = db::operations::worked_on(&mut db, &ids).await?;
    drop(db);
    for change in told().filter(|it| worked_on.contains(&it.environment.id.uuid())) {
        let EnvironmentRef { id, company, .. } = change.environment;
        let subject = Subject::new(SubjectKind::Environment.as_str(), id.uuid());
        let mut tx = state.pool.begin().await?;
        let (scope, now) = (company.uuid(), state.now());
        saga::store::signal_subject(&mut tx, scope, &subject, OBSERVED, &json!(null), now).await?;
        tx.commit().await?;
    }
    Ok(())
}
