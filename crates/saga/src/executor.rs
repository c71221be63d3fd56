//! Runs one claimed saga as far as it goes.
//!
//! Nothing about the run is kept in memory between steps: each turn locks the row, decides from what
//! is stored, writes the decision down, and only then lets the step's own code run.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use sqlx::PgPool;
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::error::{Remedy, StepError};
use crate::fault::{self, Direction, Point};
use crate::lease::{ClaimedRun, LockedRun, RunRow, StepRecord};
use crate::registry::{ErasedSaga, Registry, StepInfo};
use crate::reporter::{Reporter, whole_percent};
use crate::retry;
use crate::run::{RunState, StepState};
use crate::step::Call;
use crate::turn::{self, Turn};

/// Why the work on a claimed run has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It ended, is stuck, or waits for its next attempt.
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
        let saga = registry.saga(&claimed.name)?;
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

    async fn act(
        &self,
        mut locked: LockedRun,
        position: usize,
        recorded: Vec<StepRecord>,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let step = self.steps[position];
        let at_position = locked.row.next_step;
        locked.row.state = RunState::Running;
        locked.row.starts += 1;
        step.title.clone_into(&mut locked.row.phase);
        locked.row.detail.clear();
        locked.row.percent = self.percent(locked.row.next_step);
        locked.step(at_position, StepState::Running, None).await?;
        locked.save().await?;

        let call = self.call(Direction::Forward, at_position, recorded);
        let action = self
            .saga
            .act(position, call, Arc::clone(&self.registry.context));
        let Some(answer) = self.perform(step, Direction::Forward, action).await else {
            return Ok(Some(Stop::Died));
        };
        let Some(locked) = self.lock().await? else {
            return Ok(Some(Stop::Lost));
        };
        match answer {
            Ok(output) => self.done(locked, &output).await,
            Err(error) => self.action_failed(locked, step, error).await,
        }
    }

    async fn done(
        &self,
        mut locked: LockedRun,
        output: &Value,
    ) -> Result<Option<Stop>, sqlx::Error> {
        locked.step_done(locked.row.next_step, output).await?;
        locked.row.move_to(locked.row.next_step + 1);
        locked.row.percent = self.percent(locked.row.next_step);
        if usize::try_from(locked.row.next_step).is_ok_and(|next| next == self.steps.len()) {
            return self.finish(locked).await;
        }
        locked.save().await?;
        Ok(None)
    }

    async fn action_failed(
        &self,
        mut locked: LockedRun,
        step: StepInfo,
        error: StepError,
    ) -> Result<Option<Stop>, sqlx::Error> {
        self.tell(step, Direction::Forward, &error);
        let position = locked.row.next_step;
        match error.remedy {
            Remedy::Retry if locked.row.may_retry(step, Direction::Forward) => {
                locked
                    .step(position, StepState::Pending, Some(&error.text))
                    .await?;
                self.back_off(locked, step, Direction::Forward, &error)
                    .await
            }
            Remedy::Retry | Remedy::Unwind => {
                locked
                    .step(position, StepState::Failed, Some(&error.text))
                    .await?;
                self.begin_unwind(locked, RunState::Failed, Some(error.text))
                    .await
            }
            Remedy::Cancel => self.begin_unwind(locked, RunState::Cancelled, None).await,
        }
    }

    async fn back_off(
        &self,
        mut locked: LockedRun,
        step: StepInfo,
        direction: Direction,
        error: &StepError,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let failures = locked.row.failures;
        let wait = retry::wait(failures);
        locked.row.failures = failures.saturating_add(1);
        locked.row.starts = 0;
        locked.row.next_run_at = locked.at + wait;
        locked.row.lease_until = None;
        let attempt = locked.row.failures.saturating_add(1);
        let of =
            retry::attempts(step, direction).map_or_else(String::new, |of| format!(" of {of}"));
        locked.row.detail = format!("Attempt {attempt}{of} follows: {}", error.text);
        if retry::is_told(failures) {
            locked
                .log(&format!(
                    "{}: {} It is tried again.",
                    step.title, error.text
                ))
                .await?;
        }
        locked.save().await?;
        Ok(Some(Stop::LetGo))
    }

    /// From here on everything begun is undone, the step under way among it.
    async fn begin_unwind(
        &self,
        mut locked: LockedRun,
        ends_as: RunState,
        error: Option<String>,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let row = &mut locked.row;
        let line = match &error {
            Some(error) => format!(
                "{}: {}. What was done is undone now.",
                row.phase,
                error.trim_end_matches('.')
            ),
            None => "Cancelled. What was done is undone now.".to_owned(),
        };
        row.state = RunState::Unwinding;
        row.ends_as = Some(ends_as);
        row.error = error;
        row.detail.clear();
        row.move_to(row.next_step + i16::from(row.has_begun()));
        locked.log(&line).await?;
        locked.save().await?;
        Ok(None)
    }

    async fn undo(
        &self,
        mut locked: LockedRun,
        position: usize,
        recorded: Vec<StepRecord>,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let step = self.steps[position];
        let at_position = locked.row.next_step - 1;
        locked.row.starts += 1;
        locked.row.phase = format!("Undoing: {}", step.title);
        locked.row.detail.clear();
        locked.row.percent = self.percent(locked.row.next_step);
        if step.has_undo {
            locked.step(at_position, StepState::Undoing, None).await?;
        }
        locked.save().await?;

        let call = self.call(Direction::Undo, at_position, recorded);
        let undo = self
            .saga
            .undo(position, call, Arc::clone(&self.registry.context));
        let Some(answer) = self.perform(step, Direction::Undo, undo).await else {
            return Ok(Some(Stop::Died));
        };
        let Some(locked) = self.lock().await? else {
            return Ok(Some(Stop::Lost));
        };
        match answer {
            Ok(()) => self.undone(locked, step).await,
            Err(error) => self.undo_failed(locked, step, error).await,
        }
    }

    async fn undone(
        &self,
        mut locked: LockedRun,
        step: StepInfo,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let position = locked.row.next_step - 1;
        if step.has_undo {
            locked.step(position, StepState::Undone, None).await?;
        }
        locked.row.move_to(position);
        locked.row.percent = self.percent(position);
        if position == 0 {
            return self.finish(locked).await;
        }
        locked.save().await?;
        Ok(None)
    }

    async fn undo_failed(
        &self,
        mut locked: LockedRun,
        step: StepInfo,
        error: StepError,
    ) -> Result<Option<Stop>, sqlx::Error> {
        self.tell(step, Direction::Undo, &error);
        if error.is_retry() && locked.row.may_retry(step, Direction::Undo) {
            return self.back_off(locked, step, Direction::Undo, &error).await;
        }
        locked
            .step(
                locked.row.next_step - 1,
                StepState::UndoFailed,
                Some(&error.text),
            )
            .await?;
        self.mark_stuck(
            locked,
            format!("Undoing “{}” failed: {}", step.title, error.text),
        )
        .await
    }

    async fn mark_stuck(
        &self,
        mut locked: LockedRun,
        because: String,
    ) -> Result<Option<Stop>, sqlx::Error> {
        error!(saga = %self.claimed.lease.id, name = self.claimed.name, because, "a saga is stuck");
        locked.log(&because).await?;
        let row = &mut locked.row;
        if row.state == RunState::Unwinding {
            row.stuck_because = Some(because);
        } else {
            row.ends_as = Some(RunState::Failed);
            row.error = Some(because);
            row.move_to(row.next_step + i16::from(row.has_begun()));
        }
        row.state = RunState::Stuck;
        row.lease_until = None;
        locked.save().await?;
        Ok(Some(Stop::LetGo))
    }

    async fn finish(&self, mut locked: LockedRun) -> Result<Option<Stop>, sqlx::Error> {
        let row = &mut locked.row;
        row.state = row.ends_as.unwrap_or(RunState::Succeeded);
        let (phase, percent) = match row.state {
            RunState::Succeeded => ("Done", 100),
            RunState::Cancelled => ("Cancelled and undone", 0),
            _ => ("Failed and undone", 0),
        };
        phase.clone_into(&mut row.phase);
        row.percent = percent;
        row.detail.clear();
        row.lease_until = None;
        row.finished_at = Some(locked.at);
        info!(
            saga = %self.claimed.lease.id,
            name = self.claimed.name,
            state = ?row.state,
            "a saga has ended"
        );
        locked.save().await?;
        Ok(Some(Stop::LetGo))
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

    fn call(&self, direction: Direction, done: i16, recorded: Vec<StepRecord>) -> Call {
        let outputs: BTreeMap<String, Value> = recorded
            .into_iter()
            .filter_map(|step| Some((step.name, step.output?)))
            .collect();
        let reporter = Reporter {
            pool: self.pool.clone(),
            clock: Arc::clone(self.clock),
            lease: self.claimed.lease,
            direction,
            done,
            total: self.total(),
        };
        Call {
            id: self.claimed.lease.id,
            params: self.claimed.params.clone(),
            outputs,
            reporter,
        }
    }

    fn percent(&self, done: i16) -> i16 {
        whole_percent(done, 0, self.total())
    }

    fn total(&self) -> i16 {
        i16::try_from(self.steps.len()).unwrap_or(i16::MAX)
    }

    fn tell(&self, step: StepInfo, direction: Direction, error: &StepError) {
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
        self.starts > 0 || self.failures > 0
    }

    /// Whether one more attempt is left after the one that has just failed.
    fn may_retry(&self, step: StepInfo, direction: Direction) -> bool {
        retry::attempts(step, direction)
            .is_none_or(|attempts| self.failures.saturating_add(1) < attempts)
    }

    fn move_to(&mut self, next_step: i16) {
        self.next_step = next_step;
        self.starts = 0;
        self.failures = 0;
    }
}
