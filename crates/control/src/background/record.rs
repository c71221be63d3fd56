//! What the table of tasks says of one task.
//!
//! A task that is slow or endless is written at the start and the end of each pass. One that passes
//! often is written once in fifteen seconds, and when it begins or ceases to fail: what is idle must
//! not keep the database busy.

use super::replica::Replica;
use super::task::{Rhythm, Task};
use crate::db;
use crate::error::Result;
use crate::model::tasks::{PassRecord, TaskRef};
use crate::state::State;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::Instant;

/// The least time between two writes about good passes of a fast task.
const WRITE_EVERY: Duration = Duration::from_secs(15);

/// The longest error that is kept, characters.
const ERROR_AT_MOST: usize = 500;

/// One task's passes in this process, and what of them is not written yet.
pub(super) struct Record {
    state: Arc<State>,
    task: TaskRef,
    fast: bool,
    started: (OffsetDateTime, Instant),
    /// When a pass's end was last written, and whether it had failed.
    written: Option<(Instant, bool)>,
    runs: i64,
    failures: i64,
}

impl Record {
    pub(super) fn new(replica: &Replica, task: &Task, leader_only: bool) -> Self {
        let state = &replica.state;
        Self {
            state: Arc::clone(state),
            task: TaskRef {
                name: task.name.clone(),
                replica: replica.name.clone(),
                leader_only,
            },
            fast: matches!(task.rhythm, Rhythm::Every(every) if every < WRITE_EVERY),
            started: (state.now(), Instant::now()),
            written: None,
            runs: 0,
            failures: 0,
        }
    }

    /// A pass begins.
    pub(super) async fn started(&mut self) {
        self.started = (self.state.now(), Instant::now());
        if !self.fast {
            let written = self.write_start().await;
            self.warn(written);
        }
    }

    /// A pass has ended; the next one follows after `pause`.
    pub(super) async fn ended(&mut self, passed: &Result<()>, pause: Duration) {
        let failed = passed.is_err();
        self.runs += 1;
        self.failures += i64::from(failed);
        let due = self.written.is_none_or(|(at, had_failed)| {
            !self.fast || had_failed != failed || at.elapsed() >= WRITE_EVERY
        });
        if !due {
            return;
        }
        let (started_at, began) = self.started;
        let now = self.state.now();
        let pass = PassRecord {
            started_at,
            ended_at: now,
            took: began.elapsed(),
            runs: self.runs,
            failures: self.failures,
            error: passed.as_ref().err().map(|error| chain(error)),
            next_at: now + pause,
        };
        let written = self.write_end(&pass).await;
        if written.is_ok() {
            (self.runs, self.failures) = (0, 0);
            self.written = Some((Instant::now(), failed));
        }
        self.warn(written);
    }

    async fn write_start(&self) -> Result<()> {
        let mut db = self.state.pool.acquire().await?;
        db::tasks::start(&mut db, &self.task, self.started.0).await
    }

    async fn write_end(&self, pass: &PassRecord) -> Result<()> {
        let mut db = self.state.pool.acquire().await?;
        db::tasks::end(&mut db, &self.task, pass).await
    }

    /// The task goes on without its row; a database that is away is told of by the tasks themselves.
    fn warn(&self, written: Result<()>) {
        if let Err(error) = written {
            let error = &error as &dyn StdError;
            tracing::debug!(
                task = self.task.name,
                error,
                "the row of a task was not written"
            );
        }
    }
}

/// An error with its causes, cut.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    // PostgreSQL keeps no NUL.
    let kept = text.chars().filter(|c| *c != '\0');
    kept.take(ERROR_AT_MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::chain;
    use crate::error::Error;

    #[test]
    fn an_error_is_told_with_its_cause_and_cut() {
        let error = Error::internal("sweeping", "no \0disk");
        assert_eq!(chain(&error), "sweeping: no disk");
        let long = Error::internal("x".repeat(900), "no disk");
        assert_eq!(chain(&long).chars().count(), 500);
    }
}
