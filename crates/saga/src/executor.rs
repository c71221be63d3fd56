//! Runs one claimed saga as far as it goes.
//!
//! Nothing about the run is kept in memory between steps: each turn locks the row, decides from what
//! is stored, writes the decision down, and only then lets the step's own code run.

mod backward;
mod forward;
mod letting_go;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use sqlx::PgPool;
use time::OffsetDateTime;
use tracing::warn;

use crate::clock::Clock;
use crate::error::{Remedy, StepError};
use crate::fault::{self, Direction, Point};
use crate::lease::ClaimedRun;
use crate::locked_run::{LockedRun, RunRow, StepRecord};
use crate::registry::{ErasedSaga, Registry, StepInfo};
use crate::reporter::{Reporter, whole_percent};
use crate::retry;
use crate::run::RunState;
use crate::signals::Signals;
use crate::step::Call;
use crate::turn::{self, Turn};

/// Why the work on a claimed run has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It ended, is stuck, is parked, or waits for its next attempt.
    LetGo,
    /// It is no longer this worker's.
    Lost,
    /// A fault said so: the lease stays as it is.
    Died,
}

/// Works on one claimed run.
pub(crate) struct Executor<'a, C> {
    pool: &'a PgPool,
    clock: &'a Clock,
    registry: &'a Registry<C>,
    claimed: &'a ClaimedRun,
    saga: Arc<dyn ErasedSaga<C>>,
    steps: Vec<StepInfo>,
}

impl<'a, C: Send + Sync + 'static> Executor<'a, C> {
    /// `None` when the registry does not know the run's saga.
    pub(crate) fn new(
        pool: &'a PgPool,
        clock: &'a Clock,
        registry: &'a Registry<C>,
        claimed: &'a ClaimedRun,
    ) -> Option<Self> {
        let saga = registry.saga(&claimed.name, claimed.version)?;
        let steps = saga.steps();
        Some(Self {
            pool,
            clock,
            registry,
            claimed,
            saga,
            steps,
        })
    }

    pub(crate) async fn drive(&self) -> Result<Stop, sqlx::Error> {
        loop {
            if let Some(stop) = self.turn().await? {
                return Ok(stop);
            }
        }
    }

    async fn turn(&self) -> Result<Option<Stop>, sqlx::Error> {
        let Some(mut locked) = self.lock().await? else {
            return Ok(Some(Stop::Lost));
        };
        let recorded = locked.recorded().await?;
        match turn::decide(&locked.row, &recorded, &self.steps) {
            Turn::Act(position) => self.act(locked, position, recorded).await,
            Turn::Undo(position) => self.undo(locked, position, recorded).await,
            Turn::GiveUp { error } => {
                self.begin_unwind(locked, RunState::Failed, Some(error))
                    .await
            }
            Turn::Cancel => self.begin_unwind(locked, RunState::Cancelled, None).await,
            Turn::MarkStuck { because } => self.mark_stuck(locked, because).await,
            Turn::Finish => self.finish(locked).await,
        }
    }

    /// `None` when a fault ends this worker.
    async fn perform<T>(
        &self,
        step: StepInfo,
        direction: Direction,
        work: impl Future<Output = Result<T, StepError>>,
    ) -> Option<Result<T, StepError>> {
        let point = Point {
            saga: &self.claimed.name,
            step: step.name,
            direction,
        };
        fault::between(self.registry.faults.as_ref(), point, work).await
    }

    async fn lock(&self) -> Result<Option<LockedRun>, sqlx::Error> {
        LockedRun::open(self.pool, self.claimed.lease, (self.clock)()).await
    }

    /// What the step at `position` is given; `at` is the moment of this attempt.
    fn call(
        &self,
        direction: Direction,
        position: i16,
        recorded: Vec<StepRecord>,
        signals: Arc<Signals>,
        at: OffsetDateTime,
    ) -> Call {
        let begun_at = usize::try_from(position)
            .ok()
            .and_then(|position| recorded.get(position)?.started_at)
            .unwrap_or(at);
        let outputs: BTreeMap<String, Value> = recorded
            .into_iter()
            .filter_map(|step| Some((step.name, step.output?)))
            .collect();
        let reporter = Reporter {
            pool: self.pool.clone(),
            clock: Arc::clone(self.clock),
            lease: self.claimed.lease,
            direction,
            done: position,
            total: self.total(),
        };
        Call {
            id: self.claimed.lease.id,
            params: self.claimed.params.clone(),
            outputs,
            signals,
            begun_at,
            reporter,
        }
    }

    fn percent(&self, done: i16) -> i16 {
        whole_percent(done, 0, self.total())
    }

    fn total(&self) -> i16 {
        i16::try_from(self.steps.len()).unwrap_or(i16::MAX)
    }

    /// Logs a failure; that a step waits is none.
    fn tell(&self, step: StepInfo, direction: Direction, error: &StepError) {
        if matches!(error.remedy, Remedy::Park(_)) {
            return;
        }
        warn!(
            saga = %self.claimed.lease.id,
            name = self.claimed.name,
            subject = %self.claimed.subject,
            scope = %self.claimed.scope,
            step = step.name,
            ?direction,
            retry = error.is_retry(),
            error = error.text,
            causes = error.causes(),
            "a step has failed"
        );
    }
}

impl RunRow {
    /// Whether the current step may have done something already.
    fn has_begun(&self) -> bool {
        self.interrupted_starts > 0 || self.failures > 0
    }

    /// Whether one more attempt is left after the one that has just failed.
    fn may_retry(&self, step: StepInfo, direction: Direction) -> bool {
        retry::attempts(step, direction)
            .is_none_or(|attempts| self.failures.saturating_add(1) < attempts)
    }

    fn move_to(&mut self, next_step: i16) {
        self.next_step = next_step;
        self.interrupted_starts = 0;
        self.failures = 0;
    }
}
