//! The ways in which a worker lets go of a run: tried later, parked, stuck, ended.

use tracing::{error, info};

use super::{Executor, Stop};
use crate::error::StepError;
use crate::fault::Direction;
use crate::locked_run::LockedRun;
use crate::registry::StepInfo;
use crate::retry;
use crate::run::RunState;
use crate::signals::Signals;
use crate::wait::Wait;

impl<C: Send + Sync + 'static> Executor<'_, C> {
    pub(super) async fn back_off(
        &self,
        mut locked: LockedRun,
        step: StepInfo,
        direction: Direction,
        error: &StepError,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let failures = locked.row.failures;
        let wait = retry::wait(failures);
        locked.row.failures = failures.saturating_add(1);
        locked.row.interrupted_starts = 0;
        locked.row.next_run_at = Some(locked.at + wait);
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

    /// Leaves the run to whoever wakes it; runs the step again when that has happened since it was begun. A
    /// step that waits has been begun, and this was no interruption.
    pub(super) async fn park(
        &self,
        mut locked: LockedRun,
        direction: Direction,
        wait: Wait,
        seen: &Signals,
    ) -> Result<Option<Stop>, sqlx::Error> {
        let again = locked.row.interrupted_starts > 1;
        locked.row.interrupted_starts = 1;
        locked.row.failures = 0;
        let cancelled = direction == Direction::Forward && locked.row.cancel_requested;
        if cancelled || self.was_signalled(&mut locked, &wait, seen).await? {
            locked.save().await?;
            return Ok(None);
        }
        if direction == Direction::Forward {
            locked.row.state = RunState::Waiting;
        }
        let is_news = !again || locked.row.detail != wait.detail();
        wait.detail().clone_into(&mut locked.row.detail);
        locked.row.waits_for = wait.signal;
        locked.row.next_run_at = wait.until;
        locked.row.lease_until = None;
        if is_news {
            locked.save().await?;
        } else {
            locked.save_untold().await?;
        }
        Ok(Some(Stop::LetGo))
    }

    /// Whether a signal has come that the step was not shown.
    async fn was_signalled(
        &self,
        locked: &mut LockedRun,
        wait: &Wait,
        seen: &Signals,
    ) -> Result<bool, sqlx::Error> {
        let Some(name) = &wait.signal else {
            return Ok(false);
        };
        let shown = seen.get(name).map_or(0, |signal| signal.times);
        Ok(locked.signal_times(name).await? != shown)
    }

    pub(super) async fn mark_stuck(
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

    pub(super) async fn finish(&self, mut locked: LockedRun) -> Result<Option<Stop>, sqlx::Error> {
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
}
