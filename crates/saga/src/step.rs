//! A step, its undo, and what its code is given.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::error::StepError;
use crate::fenced::Fenced;
use crate::reporter::Reporter;
use crate::saga::{Saga, SagaId};
use crate::signals::Signals;

/// A step's action, boxed.
pub type ActionFn<S> =
    Arc<dyn Fn(StepContext<S>) -> BoxFuture<'static, Result<Value, StepError>> + Send + Sync>;

/// A step's undo, boxed.
pub type UndoFn<S> =
    Arc<dyn Fn(StepContext<S>) -> BoxFuture<'static, Result<(), StepError>> + Send + Sync>;

/// One named part of a saga. Its action and its undo may each run more than once.
pub struct Step<S: Saga> {
    /// Names the step in the database: a storage format.
    pub name: &'static str,
    /// The phase that people read.
    pub title: &'static str,
    /// What is done; the answer is kept as the step's output.
    pub action: ActionFn<S>,
    /// What takes it back.
    pub undo: Undo<S>,
    /// Whether it is tried again for as long as it takes.
    pub until_done: bool,
}

/// What takes a step back.
pub enum Undo<S: Saga> {
    /// Code that copes with "never happened", "half done" and "already undone".
    Run(UndoFn<S>),
    /// Nothing, for the reason given.
    None(&'static str),
}

impl<S: Saga> Step<S> {
    /// A step from an async function that answers anything serializable.
    pub fn new<F, Fut, T>(name: &'static str, title: &'static str, action: F, undo: Undo<S>) -> Self
    where
        F: Fn(StepContext<S>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, StepError>> + Send + 'static,
        T: Serialize + 'static,
    {
        let action: ActionFn<S> = Arc::new(move |context| {
            let answer = action(context);
            async move {
                serde_json::to_value(answer.await?).map_err(|error| {
                    StepError::fail("The result of this step cannot be stored.").with_source(error)
                })
            }
            .boxed()
        });
        Self {
            name,
            title,
            action,
            undo,
            until_done: false,
        }
    }

    /// The same step, tried again for as long as it takes: where nothing else can ever be wanted.
    #[must_use]
    pub fn until_done(self) -> Self {
        Self {
            until_done: true,
            ..self
        }
    }
}

impl<S: Saga> Undo<S> {
    /// An undo from an async function.
    pub fn run<F, Fut>(undo: F) -> Self
    where
        F: Fn(StepContext<S>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), StepError>> + Send + 'static,
    {
        Self::Run(Arc::new(move |context| undo(context).boxed()))
    }

    /// No undo, and the sentence that says why none is needed.
    pub fn none(why: &'static str) -> Self {
        Self::None(why)
    }
}

/// What a step's code is given: the run's parameters, the saga's context, the outputs of the
/// steps before, and the means to report.
pub struct StepContext<S: Saga> {
    call: Arc<Call>,
    params: Arc<S::Params>,
    context: Arc<S::Context>,
}

/// The part of a step's context that does not depend on the saga's types.
pub(crate) struct Call {
    pub(crate) id: SagaId,
    pub(crate) params: Value,
    pub(crate) outputs: BTreeMap<String, Value>,
    pub(crate) signals: Arc<Signals>,
    pub(crate) begun_at: OffsetDateTime,
    pub(crate) reporter: Reporter,
}

impl<S: Saga> Clone for StepContext<S> {
    fn clone(&self) -> Self {
        Self {
            call: Arc::clone(&self.call),
            params: Arc::clone(&self.params),
            context: Arc::clone(&self.context),
        }
    }
}

impl<S: Saga> StepContext<S> {
    pub(crate) fn new(call: Call, context: Arc<S::Context>) -> Result<Self, StepError> {
        let params = S::Params::deserialize(&call.params).map_err(|error| {
            StepError::fail("This operation was started by a version that stored other parameters.")
                .with_source(error)
        })?;
        Ok(Self {
            call: Arc::new(call),
            params: Arc::new(params),
            context,
        })
    }

    /// The run's id: the same at every attempt, so it may name what the step makes.
    pub fn id(&self) -> SagaId {
        self.call.id
    }

    /// What the run was told at its start.
    pub fn params(&self) -> &S::Params {
        &self.params
    }

    /// What the saga's steps may use.
    pub fn context(&self) -> &Arc<S::Context> {
        &self.context
    }

    /// What the named step answered; `None` while its answer has not been recorded.
    pub fn output<T: DeserializeOwned>(&self, step: &str) -> Result<Option<T>, StepError> {
        let stored = self.call.outputs.get(step);
        stored.map(T::deserialize).transpose().map_err(|error| {
            StepError::fail(format!(
                "The stored result of step “{step}” cannot be read."
            ))
            .with_source(error)
        })
    }

    /// The latest signal of this name; `None` when there was none. A step looks here before it answers
    /// [`Wait`](crate::wait::Wait): it is woken by signals that it has not seen yet.
    pub fn signal<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StepError> {
        let signal = self.call.signals.get(name);
        let value = signal.map(|signal| T::deserialize(&signal.value));
        value.transpose().map_err(|error| {
            StepError::fail(format!("The signal “{name}” cannot be read.")).with_source(error)
        })
    }

    /// When this step was first begun, whoever has run it since: deadlines count from here.
    pub fn begun_at(&self) -> OffsetDateTime {
        self.call.begun_at
    }

    /// The present moment by the worker's clock.
    pub fn now(&self) -> OffsetDateTime {
        self.call.reporter.now()
    }

    /// A transaction for what this step writes. It cannot be had once another worker has taken the run over, and while
    /// it is open no other can. Keep it short, and neither report nor begin another one meanwhile: each takes a
    /// connection of its own.
    pub async fn begin(&self) -> Result<Fenced, StepError> {
        self.call.reporter.begin().await
    }

    /// Fails once another worker has taken the run over: to be asked just before something is done outside the database.
    pub async fn check(&self) -> Result<(), StepError> {
        self.begin().await?.commit().await
    }

    /// Tells people how far this step is. Best effort: a step never fails over it.
    pub async fn progress(&self, percent: u8, detail: &str) {
        self.call.reporter.progress(percent, detail).await;
    }

    /// Adds a line to the run's log. Best effort: a step never fails over it.
    pub async fn log(&self, line: impl Into<String> + Send) {
        self.call.reporter.log(&line.into()).await;
    }

    /// Whether somebody has asked to cancel. A long step may then answer [`StepError::cancelled`].
    pub async fn cancelled(&self) -> bool {
        self.call.reporter.cancel_requested().await
    }
}
