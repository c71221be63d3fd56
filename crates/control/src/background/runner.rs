//! Runs one task for as long as the program runs; nothing that happens in it ends another.

use super::record::Record;
use super::task::{Rhythm, Task};
use crate::error::{Error, Result};
use futures::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// The least pause after a failed pass.
const REST: Duration = Duration::from_secs(2);

/// How long one pass may take: a server that is silent for ever must not hold it for ever.
const PASS_MAY_TAKE: Duration = Duration::from_mins(5);

/// Passes until `shutdown`. A failure is logged when it is new; a panic is a failure.
pub(super) async fn run(task: &Task, mut record: Record, shutdown: &CancellationToken) {
    let mut failing = false;
    while !shutdown.is_cancelled() {
        record.started().await;
        let Some(passed) = attempt(task, shutdown).await else {
            return;
        };
        if let Err(error) = &passed
            && !failing
        {
            tracing::warn!(
                task = task.name,
                error = error as &dyn std::error::Error,
                "a task of the background failed, trying on"
            );
        }
        failing = passed.is_err();
        let pause = pause(task.rhythm, failing);
        record.ended(&passed, pause).await;
        shutdown
            .run_until_cancelled(rest(task, pause, failing))
            .await;
    }
}

/// One pass; none when the program stopped before its end.
async fn attempt(task: &Task, shutdown: &CancellationToken) -> Option<Result<()>> {
    match task.rhythm {
        Rhythm::Endless => Some(catch(task).await),
        Rhythm::Every(_) => {
            let limited = timeout(PASS_MAY_TAKE, catch(task));
            let ended = shutdown.run_until_cancelled(limited).await?;
            Some(ended.unwrap_or_else(|late| Err(Error::internal(&task.name, late))))
        }
    }
}

/// A pass whose panic is an error.
async fn catch(task: &Task) -> Result<()> {
    let pass = async { (task.pass)().await };
    match AssertUnwindSafe(pass).catch_unwind().await {
        Ok(passed) => passed,
        Err(panic) => Err(panicked(task, panic.as_ref())),
    }
}

fn panicked(task: &Task, panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no words were given".to_owned());
    Error::internal(&task.name, format!("a bug ended the pass: {text}"))
}

fn pause(rhythm: Rhythm, failing: bool) -> Duration {
    match rhythm {
        Rhythm::Every(every) if failing => every.max(REST),
        Rhythm::Every(every) => every,
        Rhythm::Endless => REST,
    }
}

/// Waits for the time or for what wakes the task; a failed pass rests first.
async fn rest(task: &Task, pause: Duration, failing: bool) {
    let least = if failing { REST } else { Duration::ZERO };
    sleep(least).await;
    let rest = sleep(pause.saturating_sub(least));
    match &task.woken_by {
        Some(wake) => {
            tokio::select! {
                () = rest => {}
                () = wake() => {}
            }
        }
        None => rest.await,
    }
}
