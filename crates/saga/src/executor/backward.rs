//! A run's undos, from the last step begun to the first.

use std::sync::Arc;

use super::{Executor, Stop};
use crate::error::{Remedy, StepError};
use crate::fault::Direction;
use crate::locked_run::{LockedRun, StepRecord};
use crate::registry::StepInfo;
use crate::run::{RunState, StepState};
use crate::signals::Signals;

impl<C: Send + Sync + 'static> Executor<'_, C> {
    /// From here on everything begun is undone, the step under way among it.
    pub(super) async fn begin_unwind(
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
        // What starts a run may have written rows with it, in the same transaction: the first step's undo takes them
        // back even if the step never began.
        row.move_to((row.next_step + i16::from(row.has_begun())).max(1));
        locked.log(&line).await?;
        locked.save().await?;
        Ok(None)
    }

    pub(super) async fn undo(
        &self,
        mut locked: LockedRun,
        position: usize,
        recorded: Vec<StepRecord>,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let step = self.steps[position];
        let at_position = locked.row.next_step - 1;
        locked.row.interrupted_starts = locked.row.interrupted_starts.saturating_add(1);
        locked.row.phase = format!("Undoing: {}", step.title);
        locked.row.detail.clear();
        locked.row.percent = self.percent(locked.row.next_step);
        locked.row.waits_for = None;
        let (signals, at) = (Arc::new(locked.signals().await?), locked.at);
        if step.has_undo {
            locked.step(at_position, StepState::Undoing, None).await?;
        }
        locked.save().await?;

        let call = self.call(
            Direction::Undo,
            at_position,
            recorded,
            Arc::clone(&signals),
            at,
        );
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
            Err(error) => self.undo_failed(locked, step, error, &signals).await,
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
        seen: &Signals,
    ) -> Result<Option<Stop>, sqlx::Error> {
        self.tell(step, Direction::Undo, &error);
        if let Remedy::Park(wait) = error.remedy {
            return self.park(locked, Direction::Undo, wait, seen).await;
        }
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
}
