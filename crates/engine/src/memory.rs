//! An engine that keeps workloads in memory and calls them running: for tests of what uses one.

use crate::observation::{Event, Info, LogLine, Observation, Rollout};
use crate::usage::Usage;
use crate::workload::Workload;
use crate::{Engine, EngineError};
use async_trait::async_trait;
use domain::ids::{EnvironmentId, InstanceId};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use time::OffsetDateTime;

/// The engine. A workload whose package label contains [`BROKEN`] cannot be started.
#[derive(Default)]
pub struct MemoryEngine {
    workloads: Mutex<BTreeMap<EnvironmentId, Workload>>,
    behaviour: Mutex<Behaviour>,
    usage: Mutex<Usage>,
    room_mib: Mutex<Option<u64>>,
}

/// How the engine does its work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// What is wanted is so at once.
    #[default]
    Obliging,
    /// Nothing that is wanted is ever reached.
    Slow,
    /// It cannot be reached.
    Away,
}

/// In a package's label: its instances never become ready.
pub const BROKEN: &str = "broken";

impl MemoryEngine {
    /// The workload it was given last, if it still has it.
    pub fn workload(&self, id: EnvironmentId) -> Option<Workload> {
        self.workloads().get(&id).cloned()
    }

    /// Does its work like this from now on.
    pub fn turn(&self, behaviour: Behaviour) {
        *self
            .behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    /// Has measured this from now on.
    pub fn measures(&self, usage: Usage) {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = usage;
    }

    /// Takes no workload that needs more memory than this; all with none.
    pub fn has_room_for(&self, mib: Option<u64>) {
        *self.room_mib.lock().unwrap_or_else(PoisonError::into_inner) = mib;
    }

    fn check_room(&self, workload: &Workload) -> Result<(), EngineError> {
        let room = *self.room_mib.lock().unwrap_or_else(PoisonError::into_inner);
        let each = workload.template.as_ref().map_or(0, |it| it.memory_mib);
        let needed = u64::from(each) * u64::from(workload.instances);
        match room {
            Some(room) if needed > room => Err(EngineError::NoRoom(format!(
                "It needs {needed} MB; {room} MB are free."
            ))),
            _ => Ok(()),
        }
    }

    fn behaviour(&self) -> Behaviour {
        *self
            .behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn reached(&self) -> Result<(), EngineError> {
        match self.behaviour() {
            Behaviour::Away => Err(EngineError::Unavailable("it is away".into())),
            Behaviour::Obliging | Behaviour::Slow => Ok(()),
        }
    }

    fn workloads(&self) -> MutexGuard<'_, BTreeMap<EnvironmentId, Workload>> {
        self.workloads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether two workloads are the same to the last setting.
fn same(one: &Workload, other: &Workload) -> bool {
    let text = |workload| serde_json::to_string(workload).ok();
    text(one) == text(other)
}

fn observation(workload: &Workload, behaviour: Behaviour) -> Observation {
    let broken = workload
        .template
        .as_ref()
        .is_some_and(|t| t.package.label.contains(BROKEN));
    Observation {
        id: workload.id,
        revision: workload.revision,
        instances: Vec::new(),
        rollout: if broken {
            // As a runtime may say it: nobody's text is taken as it comes.
            Rollout::Failed {
                reason: "Instance 0 never \0answered.".to_owned(),
                log: vec!["no \0answer".to_owned()],
            }
        } else if behaviour == Behaviour::Slow {
            Rollout::Rolling {
                done: 0,
                total: workload.instances,
                doing: "Starting instance 0".to_owned(),
            }
        } else {
            Rollout::Converged
        },
        observed_at: OffsetDateTime::UNIX_EPOCH,
    }
}

#[async_trait]
impl Engine for MemoryEngine {
    async fn info(&self) -> Result<Info, EngineError> {
        Ok(Info {
            version: "memory".to_owned(),
            api_version: crate::API_VERSION,
            sandbox: "none".to_owned(),
            unenforced: Vec::new(),
            problems: Vec::new(),
            ingress: "127.0.0.1:1".to_owned(),
            zones: vec!["a".to_owned()],
            runtimes: vec!["sample".to_owned()],
            room: None,
        })
    }

    async fn apply(&self, workload: &Workload) -> Result<(), EngineError> {
        self.reached()?;
        self.check_room(workload)?;
        let mut workloads = self.workloads();
        let refused = match workloads.get(&workload.id) {
            Some(known) if known.revision > workload.revision => {
                Some("This revision is older than the one it has.")
            }
            Some(known) if known.revision == workload.revision && !same(known, workload) => {
                Some("This revision is known with another content.")
            }
            _ => None,
        };
        if let Some(why) = refused {
            return Err(EngineError::Refused(why.to_owned()));
        }
        workloads.insert(workload.id, workload.clone());
        Ok(())
    }

    async fn remove(&self, id: EnvironmentId) -> Result<(), EngineError> {
        self.reached()?;
        self.workloads().remove(&id);
        Ok(())
    }

    async fn observe(&self, id: EnvironmentId) -> Result<Observation, EngineError> {
        self.reached()?;
        self.workloads()
            .get(&id)
            .map(|workload| observation(workload, self.behaviour()))
            .ok_or(EngineError::NotFound)
    }

    async fn observe_all(&self) -> Result<Vec<Observation>, EngineError> {
        self.reached()?;
        let behaviour = self.behaviour();
        let workloads = self.workloads();
        Ok(workloads
            .values()
            .map(|workload| observation(workload, behaviour))
            .collect())
    }

    async fn usage(&self) -> Result<Usage, EngineError> {
        self.reached()?;
        let usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(usage.clone())
    }

    async fn events(&self, _: u64, _: u32) -> Result<Vec<Event>, EngineError> {
        Ok(Vec::new())
    }

    async fn logs(&self, _: EnvironmentId, _: u32) -> Result<Vec<LogLine>, EngineError> {
        Ok(Vec::new())
    }

    async fn admin(&self, _: InstanceId, _: &str, _: Value) -> Result<(i64, Value), EngineError> {
        Err(EngineError::NotFound)
    }
}
