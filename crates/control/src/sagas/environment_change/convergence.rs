//! Waits, parked, until the engine has made what is desired so, for as long as it gets on.
//!
//! The task `workloads` signals each new observation of the environment; the step then looks at the engine,
//! tells how far it is and is parked again. What it must remember between two looks it gives to its own
//! run as a signal that wakes nobody.

use super::Call;
use crate::error::Error;
use crate::sagas::OBSERVED;
use engine::EngineError;
use engine::observation::{Observation, Rollout};
use saga::error::StepError;
use saga::store;
use saga::wait::Wait;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// How long nothing may move on. A roll of many instances takes much longer than that.
const PATIENCE: Duration = Duration::minutes(15);

/// When the step looks by itself: it may be that no process leads for a while.
const LOOKS_ANYWAY_AFTER: Duration = Duration::seconds(3);

/// Log lines of a failed instance that go into the operation's log.
const LOG_LINES: usize = 30;

/// The signal under which a run keeps its memory.
const MEMORY: &str = "convergence";

/// What is remembered between two looks. Stored: optional fields only may be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    /// Ready instances of the desired template at their most.
    best: u16,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    since: OffsetDateTime,
    /// What was told last, so that nothing is told twice.
    told: String,
}

impl Memory {
    const fn new(since: OffsetDateTime) -> Self {
        Self {
            best: 0,
            since,
            told: String::new(),
        }
    }

    /// Notes how many are ready. What only comes and goes is no progress.
    const fn note(&mut self, ready: u16, now: OffsetDateTime) {
        if ready > self.best {
            self.best = ready;
            self.since = now;
        }
    }

    fn is_over(&self, now: OffsetDateTime) -> bool {
        now - self.since >= PATIENCE
    }
}

pub(super) async fn wait(ctx: Call) -> Result<(), StepError> {
    let revision: i64 = ctx.output("apply")?.unwrap_or_default();
    let known: Option<Memory> = ctx.signal(MEMORY)?;
    let mut memory = known.clone().unwrap_or_else(|| Memory::new(ctx.begun_at()));
    let params = ctx.params();
    let parts = ctx.context();
    let engine = parts.engine(params.company, params.environment).await?;
    match engine.observe(params.environment).await {
        Ok(observation) if observation.revision >= revision => {
            if reached(&ctx, &observation, &mut memory).await? {
                return Ok(());
            }
        }
        // The task `workloads` gives the engine what it does not have.
        Ok(_) | Err(EngineError::NotFound) => {}
        // It goes on with its work unheard, or once it is back.
        Err(EngineError::Unavailable(_) | EngineError::NotNow(_)) => {
            tell(&ctx, &mut memory, None, "The engine is silent").await;
        }
        Err(refused @ (EngineError::Refused(_) | EngineError::NoRoom(_))) => {
            return Err(Error::from(refused).into());
        }
    }
    let now = ctx.now();
    if memory.is_over(now) {
        return Err(StepError::fail(format!(
            "The instances are not as wanted, and nothing has moved on for {} minutes.",
            PATIENCE.whole_minutes()
        )));
    }
    if known.as_ref() != Some(&memory) {
        remember(&ctx, &memory).await?;
    }
    Err(Wait::for_signal(OBSERVED)
        .or_until(now + LOOKS_ANYWAY_AFTER)
        .saying(memory.told)
        .into())
}

/// Gives the run its memory: nobody waits for this signal.
async fn remember(ctx: &Call, memory: &Memory) -> Result<(), StepError> {
    let value = serde_json::to_value(memory)
        .map_err(|error| StepError::fail("What was seen cannot be stored.").with_source(error))?;
    let mut tx = ctx.begin().await?;
    let scope = ctx.params().company.uuid();
    store::signal(&mut tx, scope, ctx.id(), MEMORY, &value, ctx.now()).await?;
    tx.commit().await?;
    Ok(())
}

async fn reached(
    ctx: &Call,
    observation: &Observation,
    memory: &mut Memory,
) -> Result<bool, StepError> {
    match &observation.rollout {
        Rollout::Converged => Ok(true),
        Rollout::Rolling { done, total, doing } => {
            let percent =
                u8::try_from(u32::from(*done) * 100 / u32::from(*total).max(1)).unwrap_or(100);
            let detail = if *total == 0 {
                doing.clone()
            } else {
                format!("{done} of {total} instances. {doing}")
            };
            memory.note(*done, ctx.now());
            if tell(ctx, memory, Some(percent), &detail).await && !doing.is_empty() {
                ctx.log(doing.clone()).await;
            }
            Ok(false)
        }
        Rollout::Failed { reason, log } => {
            for line in log.iter().skip(log.len().saturating_sub(LOG_LINES)) {
                ctx.log(format!("│ {line}")).await;
            }
            Err(StepError::fail(reason.clone()))
        }
    }
}

/// Tells how far it is; whether that was new.
async fn tell(ctx: &Call, memory: &mut Memory, percent: Option<u8>, detail: &str) -> bool {
    if memory.told == detail {
        return false;
    }
    if let Some(percent) = percent {
        ctx.progress(percent, detail).await;
    }
    detail.clone_into(&mut memory.told);
    true
}

#[cfg(test)]
mod tests {
    use super::{Memory, PATIENCE};
    use time::{Duration, OffsetDateTime};

    #[test]
    fn patience_ends_when_nothing_has_moved_on_however_long_the_whole_takes() {
        let begun = OffsetDateTime::UNIX_EPOCH;
        let at = |minutes: i64| begun + Duration::minutes(minutes);
        let mut memory = Memory::new(begun);
        for ready in 1..=32 {
            memory.note(ready, at(i64::from(ready) * 3));
            assert!(!memory.is_over(at(i64::from(ready) * 3 + 14)), "{ready}");
        }
        // The last one comes and goes.
        for minute in 96..111 {
            memory.note(31 + u16::from(minute % 2 == 0), at(minute));
        }
        assert!(memory.is_over(at(96) + PATIENCE));
    }
}
