//! The sagas a worker knows, with their types erased.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::error::StepError;
use crate::fault::{Faults, NoFaults};
use crate::saga::Saga;
use crate::step::{Call, Step, StepContext, Undo};

/// The sagas a worker may run, all with the same context.
pub struct Registry<C> {
    pub(crate) context: Arc<C>,
    pub(crate) faults: Arc<dyn Faults>,
    programs: BTreeMap<&'static str, Arc<dyn Program<C>>>,
}

impl<C: Send + Sync + 'static> Registry<C> {
    /// Knows no saga yet.
    pub fn new(context: Arc<C>) -> Self {
        Self {
            context,
            faults: Arc::new(NoFaults),
            programs: BTreeMap::new(),
        }
    }

    /// Knows one saga more.
    #[must_use]
    pub fn with<S: Saga<Context = C>>(mut self) -> Self {
        self.programs
            .insert(S::NAME, Arc::new(Typed::<S> { steps: S::steps() }));
        self
    }

    /// Asks these faults at every step.
    #[must_use]
    pub fn with_faults(self, faults: Arc<dyn Faults>) -> Self {
        Self { faults, ..self }
    }

    /// The names of the sagas known.
    pub fn names(&self) -> Vec<String> {
        self.programs
            .keys()
            .map(|name| (*name).to_owned())
            .collect()
    }

    pub(crate) fn program(&self, name: &str) -> Option<Arc<dyn Program<C>>> {
        self.programs.get(name).cloned()
    }
}

/// What the executor needs to know of a step.
#[derive(Clone, Copy)]
pub(crate) struct Outline {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) has_undo: bool,
    pub(crate) until_done: bool,
}

/// A saga without its types.
#[async_trait]
pub(crate) trait Program<C>: Send + Sync {
    fn outline(&self) -> Vec<Outline>;
    async fn act(&self, position: usize, call: Call, context: Arc<C>) -> Result<Value, StepError>;
    async fn undo(&self, position: usize, call: Call, context: Arc<C>) -> Result<(), StepError>;
}

struct Typed<S: Saga> {
    steps: Vec<Step<S>>,
}

#[async_trait]
impl<S: Saga> Program<S::Context> for Typed<S> {
    fn outline(&self) -> Vec<Outline> {
        let outline = |step: &Step<S>| Outline {
            name: step.name,
            title: step.title,
            has_undo: matches!(step.undo, Undo::Run(_)),
            until_done: step.until_done,
        };
        self.steps.iter().map(outline).collect()
    }

    async fn act(
        &self,
        position: usize,
        call: Call,
        context: Arc<S::Context>,
    ) -> Result<Value, StepError> {
        let action = &self.steps[position].action;
        action(StepContext::new(call, context)?).await
    }

    async fn undo(
        &self,
        position: usize,
        call: Call,
        context: Arc<S::Context>,
    ) -> Result<(), StepError> {
        match &self.steps[position].undo {
            Undo::Run(undo) => undo(StepContext::new(call, context)?).await,
            Undo::None(_) => Ok(()),
        }
    }
}
