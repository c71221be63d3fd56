//! Waits until the engine has made what is desired so, for as long as it gets on.

use super::Call;
use crate::desired_state;
use crate::error::Error;
use engine::EngineError;
use engine::observation::{Observation, Rollout};
use saga::error::StepError;
use std::time::Duration;
use tokio::time::Instant;

/// How often the engine is asked.
const ASK_EVERY: Duration = Duration::from_millis(300);

/// How long nothing may move on. A roll of many instances takes much longer than that.
const PATIENCE: Duration = Duration::from_mins(15);

/// Log lines of a failed instance that go into the operation's log.
const LOG_LINES: usize = 30;

/// What was told last, so that nothing is told twice.
#[derive(Default)]
struct Told {
    percent: u8,
    detail: String,
}

/// Ready instances of the desired template at their most, and since when.
struct Progress {
    best: u16,
    since: Instant,
}

impl Progress {
    const fn new(now: Instant) -> Self {
        Self {
            best: 0,
            since: now,
        }
    }

    /// Notes how many are ready. What only comes and goes is no progress.
    const fn note(&mut self, ready: u16, now: Instant) {
        if ready > self.best {
            self.best = ready;
            self.since = now;
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= PATIENCE
    }
}

pub(super) async fn wait(ctx: Call) -> Result<(), StepError> {
    let revision: i64 = ctx.output("apply")?.unwrap_or_default();
    let (mut told, mut progress) = (Told::default(), Progress::new(Instant::now()));
    let params = ctx.params();
    let engine = desired_state::engine(ctx.context(), params.company, params.environment).await?;
    while !progress.is_over(Instant::now()) {
        match engine.observe(params.environment).await {
            Ok(observation) if observation.revision >= revision => {
                if reached(&ctx, &observation, &mut told).await? {
                    return Ok(());
                }
                if let Rollout::Rolling { done, .. } = observation.rollout {
                    progress.note(done, Instant::now());
                }
            }
            // The reconciler hands over what the engine does not have.
            Ok(_) | Err(EngineError::NotFound) => {}
            // It goes on with its work unheard, or once it is back.
            Err(EngineError::Unavailable(_)) => {
                let percent = told.percent;
                tell(&ctx, &mut told, percent, "The engine is silent").await;
            }
            Err(refused @ EngineError::Refused(_)) => return Err(Error::from(refused).into()),
        }
        if ctx.cancelled().await {
            return Err(StepError::cancelled());
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
    Err(StepError::fail(format!(
        "The instances are not as wanted, and nothing has moved on for {} minutes.",
        PATIENCE.as_secs() / 60
    )))
}

async fn reached(
    ctx: &Call,
    observation: &Observation,
    told: &mut Told,
) -> Result<bool, StepError> {
    match &observation.rollout {
        Rollout::Settled => Ok(true),
        Rollout::Rolling { done, total, doing } => {
            let percent =
                u8::try_from(u32::from(*done) * 100 / u32::from(*total).max(1)).unwrap_or(100);
            let detail = if *total == 0 {
                doing.clone()
            } else {
                format!("{done} of {total} instances. {doing}")
            };
            if tell(ctx, told, percent, &detail).await && !doing.is_empty() {
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

/// Tells how far it is; whether that was news.
async fn tell(ctx: &Call, told: &mut Told, percent: u8, detail: &str) -> bool {
    if told.detail == detail {
        return false;
    }
    ctx.progress(percent, detail).await;
    *told = Told {
        percent,
        detail: detail.to_owned(),
    };
    true
}

#[cfg(test)]
mod tests {
    use super::{PATIENCE, Progress};
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn patience_ends_when_nothing_has_moved_on_however_long_the_whole_takes() {
        let begun = Instant::now();
        let at = |minutes: u64| begun + Duration::from_mins(minutes);
        let mut progress = Progress::new(begun);
        for ready in 1..=32 {
            progress.note(ready, at(u64::from(ready) * 3));
            assert!(!progress.is_over(at(u64::from(ready) * 3 + 14)), "{ready}");
        }
        // The last one comes and goes.
        for minute in 96..111 {
            progress.note(31 + u16::from(minute % 2 == 0), at(minute));
        }
        assert!(progress.is_over(at(96) + PATIENCE));
    }
}
