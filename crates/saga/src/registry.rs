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
    sagas: BTreeMap<(&'static str, i16), Arc<dyn ErasedSaga<C>>>,
}

impl<C: Send + Sync + 'static> Registry<C> {
    /// Knows no saga yet.
    pub fn new(context: Arc<C>) -> Self {
        Self {
            context,
            faults: Arc::new(NoFaults),
            sagas: BTreeMap::new(),
        }
    }

    /// Knows one saga more, in its present version.
    #[must_use]
    pub fn with<S: Saga<Context = C>>(self) -> Self {
        self.with_old_version::<S>(S::VERSION, S::steps())
    }

    /// Knows the steps that a saga had in another version, for the runs that were started by it.
    #[must_use]
    pub fn with_old_version<S: Saga<Context = C>>(
        mut self,
        version: i16,
        steps: Vec<Step<S>>,
    ) -> Self {
        self.sagas
            .insert((S::NAME, version), Arc::new(Typed { steps }));
        self
    }

    /// Asks these faults at every step.
    #[must_use]
    pub fn with_faults(self, faults: Arc<dyn Faults>) -> Self {
        Self { faults, ..self }
    }

    /// The names and versions of the sagas known, side by side.
    pub(crate) fn known(&self) -> (Vec<String>, Vec<i16>) {
        let known = self.sagas.keys();
        known
            .map(|(name, version)| ((*name).to_owned(), *version))
            .unzip()
    }

    pub(crate) fn saga(&self, name: &str, version: i16) -> Option<Arc<dyn ErasedSaga<C>>> {
        self.sagas.get(&(name, version)).cloned()
    }
}

/// What the executor needs to know of a step.
#[derive(Clone, Copy)]
pub(crate) struct StepInfo {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) has_undo: bool,
    pub(crate) until_done: bool,
}

/// A saga without its types.
#[async_trait]
pub(crate) trait ErasedSaga<C>: Send + Sync {
    fn steps(&self) -> Vec<StepInfo>;
    async fn act(&self, position: usize, call: Call, context: Arc<C>) -> Result<Value, StepError>;
    async fn undo(&self, position: usize, call: Call, context: Arc<C>) -> Result<(), StepError>;
}

struct Typed<S: Saga> {
    steps: Vec<Step<S>>,
}

#[async_trait]
impl<S: Saga> ErasedSaga<S::Context> for Typed<S> {
    fn steps(&self) -> Vec<StepInfo> {
        let info = |step: &Step<S>| StepInfo {
            name: step.name,
            title: step.title,
            has_undo: matches!(step.undo, Undo::Run(_)),
            until_done: step.until_done,
        };
        self.steps.iter().map(info).collect()
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
