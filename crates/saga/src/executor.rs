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
use crate::lease::{Claimed, Held, Recorded, Standing};
use crate::registry::{Outline, Program, Registry};
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
    claimed: &'a Claimed,
    program: Arc<dyn Program<C>>,
    steps: Vec<Outline>,
}

impl<'a, C: Send + Sync + 'static> Executor<'a, C> {
    /// `None` when the registry does not know the run's saga.
    pub(crate) fn new(
        pool: &'a PgPool,
        clock: &'a Clock,
        registry: &'a Registry<C>,
        claimed: &'a Claimed,
    ) -> Option<Self> {
        let program = registry.program(&claimed.name)?;
        let steps = program.outline();
        Some(Self {
            pool,
            clock,
            registry,
            claimed,
            program,
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
        let Some(mut held) = self.hold().await? else {
            return Ok(Some(Stop::Lost));
        };
        let recorded = held.recorded().await?;
        match turn::decide(&held.standing, &recorded, &self.steps) {
            Turn::Act(position) => self.act(held, position, recorded).await,
            Turn::Undo(position) => self.undo(held, position, recorded).await,
            Turn::GiveUp { error } => self.turn_back(held, RunState::Failed, Some(error)).await,
            Turn::Cancel => self.turn_back(held, RunState::Cancelled, None).await,
            Turn::Stick { because } => self.stick(held, because).await,
            Turn::Finish => self.finish(held).await,
        }
    }

    async fn act(
        &self,
        mut held: Held,
        position: usize,
        recorded: Vec<Recorded>,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let step = self.steps[position];
        let at_position = held.standing.next_step;
        held.standing.state = RunState::Running;
        held.standing.starts += 1;
        step.title.clone_into(&mut held.standing.phase);
        held.standing.detail.clear();
        held.standing.percent = self.percent(held.standing.next_step);
        held.step(at_position, StepState::Running, None).await?;
        held.save().await?;

        let call = self.call(Direction::Forward, at_position, recorded);
        let action = self
            .program
            .act(position, call, Arc::clone(&self.registry.context));
        let Some(answer) = self.perform(step, Direction::Forward, action).await else {
            return Ok(Some(Stop::Died));
        };
        let Some(held) = self.hold().await? else {
            return Ok(Some(Stop::Lost));
        };
        match answer {
            Ok(output) => self.done(held, &output).await,
            Err(error) => self.action_failed(held, step, error).await,
        }
    }

    async fn done(&self, mut held: Held, output: &Value) -> Result<Option<Stop>, sqlx::Error> {
        held.step_done(held.standing.next_step, output).await?;
        held.standing.move_to(held.standing.next_step + 1);
        held.standing.percent = self.percent(held.standing.next_step);
        if usize::try_from(held.standing.next_step).is_ok_and(|next| next == self.steps.len()) {
            return self.finish(held).await;
        }
        held.save().await?;
        Ok(None)
    }

    async fn action_failed(
        &self,
        mut held: Held,
        step: Outline,
        error: StepError,
    ) -> Result<Option<Stop>, sqlx::Error> {
        self.tell(step, Direction::Forward, &error);
        let position = held.standing.next_step;
        match error.remedy {
            Remedy::Retry if held.standing.may_retry(step, Direction::Forward) => {
                held.step(position, StepState::Pending, Some(&error.text))
                    .await?;
                self.back_off(held, step, Direction::Forward, &error).await
            }
            Remedy::Retry | Remedy::Unwind => {
                held.step(position, StepState::Failed, Some(&error.text))
                    .await?;
                self.turn_back(held, RunState::Failed, Some(error.text))
                    .await
            }
            Remedy::Cancel => self.turn_back(held, RunState::Cancelled, None).await,
        }
    }

    async fn back_off(
        &self,
        mut held: Held,
        step: Outline,
        direction: Direction,
        error: &StepError,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let failures = held.standing.failures;
        let wait = retry::wait(failures);
        held.standing.failures = failures.saturating_add(1);
        held.standing.starts = 0;
        held.standing.next_run_at = held.at + wait;
        held.standing.lease_until = None;
        let attempt = held.standing.failures.saturating_add(1);
        let of =
            retry::attempts(step, direction).map_or_else(String::new, |of| format!(" of {of}"));
        held.standing.detail = format!("Attempt {attempt}{of} follows: {}", error.text);
        if retry::is_told(failures) {
            held.log(&format!(
                "{}: {} It is tried again.",
                step.title, error.text
            ))
            .await?;
        }
        held.save().await?;
        Ok(Some(Stop::LetGo))
    }

    /// From here on everything begun is undone, the step under way among it.
    async fn turn_back(
        &self,
        mut held: Held,
        ends_as: RunState,
        error: Option<String>,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let standing = &mut held.standing;
        let line = match &error {
            Some(error) => format!(
                "{}: {}. What was done is undone now.",
                standing.phase,
                error.trim_end_matches('.')
            ),
            None => "Cancelled. What was done is undone now.".to_owned(),
        };
        standing.state = RunState::Unwinding;
        standing.ends_as = Some(ends_as);
        standing.error = error;
        standing.detail.clear();
        standing.move_to(standing.next_step + i16::from(standing.has_begun()));
        held.log(&line).await?;
        held.save().await?;
        Ok(None)
    }

    async fn undo(
        &self,
        mut held: Held,
        position: usize,
        recorded: Vec<Recorded>,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let step = self.steps[position];
        let at_position = held.standing.next_step - 1;
        held.standing.starts += 1;
        held.standing.phase = format!("Undoing: {}", step.title);
        held.standing.detail.clear();
        held.standing.percent = self.percent(held.standing.next_step);
        if step.has_undo {
            held.step(at_position, StepState::Undoing, None).await?;
        }
        held.save().await?;

        let call = self.call(Direction::Undo, at_position, recorded);
        let undo = self
            .program
            .undo(position, call, Arc::clone(&self.registry.context));
        let Some(answer) = self.perform(step, Direction::Undo, undo).await else {
            return Ok(Some(Stop::Died));
        };
        let Some(held) = self.hold().await? else {
            return Ok(Some(Stop::Lost));
        };
        match answer {
            Ok(()) => self.undone(held, step).await,
            Err(error) => self.undo_failed(held, step, error).await,
        }
    }

    async fn undone(&self, mut held: Held, step: Outline) -> Result<Option<Stop>, sqlx::Error> {
        let position = held.standing.next_step - 1;
        if step.has_undo {
            held.step(position, StepState::Undone, None).await?;
        }
        held.standing.move_to(position);
        held.standing.percent = self.percent(position);
        if position == 0 {
            return self.finish(held).await;
        }
        held.save().await?;
        Ok(None)
    }

    async fn undo_failed(
        &self,
        mut held: Held,
        step: Outline,
        error: StepError,
    ) -> Result<Option<Stop>, sqlx::Error> {
        self.tell(step, Direction::Undo, &error);
        if error.is_retry() && held.standing.may_retry(step, Direction::Undo) {
            return self.back_off(held, step, Direction::Undo, &error).await;
        }
        held.step(
            held.standing.next_step - 1,
            StepState::UndoFailed,
            Some(&error.text),
        )
        .await?;
        self.stick(
            held,
            format!("Undoing “{}” failed: {}", step.title, error.text),
        )
        .await
    }

    async fn stick(&self, mut held: Held, because: String) -> Result<Option<Stop>, sqlx::Error> {
        error!(saga = %self.claimed.lease.id, name = self.claimed.name, because, "a saga is stuck");
        held.log(&because).await?;
        let standing = &mut held.standing;
        if standing.state == RunState::Unwinding {
            standing.stuck_because = Some(because);
        } else {
            standing.ends_as = Some(RunState::Failed);
            standing.error = Some(because);
            standing.move_to(standing.next_step + i16::from(standing.has_begun()));
        }
        standing.state = RunState::Stuck;
        standing.lease_until = None;
        held.save().await?;
        Ok(Some(Stop::LetGo))
    }

    async fn finish(&self, mut held: Held) -> Result<Option<Stop>, sqlx::Error> {
        let standing = &mut held.standing;
        standing.state = standing.ends_as.unwrap_or(RunState::Succeeded);
        let (phase, percent) = match standing.state {
            RunState::Succeeded => ("Done", 100),
            RunState::Cancelled => ("Cancelled and undone", 0),
            _ => ("Failed and undone", 0),
        };
        phase.clone_into(&mut standing.phase);
        standing.percent = percent;
        standing.detail.clear();
        standing.lease_until = None;
        standing.finished_at = Some(held.at);
        info!(
            saga = %self.claimed.lease.id,
            name = self.claimed.name,
            state = ?standing.state,
            "a saga has ended"
        );
        held.save().await?;
        Ok(Some(Stop::LetGo))
    }

    /// `None` when a fault ends this worker.
    async fn perform<T>(
        &self,
        step: Outline,
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

    async fn hold(&self) -> Result<Option<Held>, sqlx::Error> {
        Held::open(self.pool, self.claimed.lease, (self.clock)()).await
    }

    fn call(&self, direction: Direction, done: i16, recorded: Vec<Recorded>) -> Call {
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

    fn tell(&self, step: Outline, direction: Direction, error: &StepError) {
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

impl Standing {
    /// Whether the current step may have done something already.
    fn has_begun(&self) -> bool {
        self.starts > 0 || self.failures > 0
    }

    /// Whether one more attempt is left after the one that has just failed.
    fn may_retry(&self, step: Outline, direction: Direction) -> bool {
        retry::attempts(step, direction)
            .is_none_or(|attempts| self.failures.saturating_add(1) < attempts)
    }

    fn move_to(&mut self, next_step: i16) {
        self.next_step = next_step;
        self.starts = 0;
        self.failures = 0;
    }
}
