//! A run's steps, from the first to the last.

use std::sync::Arc;

use serde_json::Value;

use super::{Executor, Stop};
use crate::error::{Remedy, StepError};
use crate::fault::Direction;
use crate::locked_run::{LockedRun, StepRecord};
use crate::registry::StepInfo;
use crate::run::{RunState, StepState};
use crate::signals::Signals;
use crate::text;

impl<C: Send + Sync + 'static> Executor<'_, C> {
    pub(super) async fn act(
        &self,
        mut locked: LockedRun,
        position: usize,
        recorded: Vec<StepRecord>,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let step = self.steps[position];
        let at_position = locked.row.next_step;
        // A step that is begun again, as each time it looks whether what it waits for is there, is where it was.
        let again = locked.row.interrupted_starts > 0;
        locked.row.state = RunState::Running;
        locked.row.interrupted_starts = locked.row.interrupted_starts.saturating_add(1);
        if !again {
            step.title.clone_into(&mut locked.row.phase);
            locked.row.detail.clear();
            locked.row.percent = self.percent(locked.row.next_step);
        }
        locked.row.waits_for = None;
        locked.step(at_position, StepState::Running, None).await?;
        let (signals, at) = (Arc::new(locked.signals().await?), locked.at);
        if again {
            locked.save_untold().await?;
        } else {
            locked.save().await?;
        }

        let call = self.call(
            Direction::Forward,
            at_position,
            recorded,
            Arc::clone(&signals),
            at,
        );
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
            Ok(output) => self.done(locked, &text::kept_json(output)).await,
            Err(error) => self.action_failed(locked, step, error, &signals).await,
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
        seen: &Signals,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let position = locked.row.next_step;
        self.tell(step, Direction::Forward, &error);
        match error.remedy {
            Remedy::Park(wait) => self.park(locked, Direction::Forward, wait, seen).await,
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
}
