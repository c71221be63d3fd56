//! What a step says about itself while it runs, written under the worker's fence.

use sqlx::PgPool;
use time::OffsetDateTime;
use tracing::warn;

use crate::clock::Clock;
use crate::error::StepError;
use crate::fault::Direction;
use crate::fenced::Fenced;
use crate::lease::{self, Lease};

/// Reports for one step of one run. A report that cannot be written is logged and dropped.
pub(crate) struct Reporter {
    pub(crate) pool: PgPool,
    pub(crate) clock: Clock,
    pub(crate) lease: Lease,
    pub(crate) direction: Direction,
    pub(crate) done: i16,
    pub(crate) total: i16,
}

impl Reporter {
    pub(crate) async fn progress(&self, percent: u8, detail: &str) {
        let whole = (self.direction == Direction::Forward)
            .then(|| whole_percent(self.done, percent, self.total));
        self.dropped(self.write_progress(whole, detail).await);
    }

    pub(crate) async fn log(&self, line: &str) {
        self.dropped(self.write_line(line).await);
    }

    pub(crate) async fn cancel_requested(&self) -> bool {
        if self.direction == Direction::Undo {
            return false;
        }
        let asked = lease::cancel_requested(&self.pool, self.lease).await;
        asked
            .inspect_err(|error| self.complain(error))
            .unwrap_or(false)
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    pub(crate) async fn begin(&self) -> Result<Fenced, StepError> {
        Fenced::begin(&self.pool, self.lease).await
    }

    async fn write_progress(&self, whole: Option<i16>, detail: &str) -> Result<(), sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        lease::progress(&mut tx, self.lease, whole, detail, self.now()).await?;
        tx.commit().await
    }

    async fn write_line(&self, line: &str) -> Result<(), sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        lease::log(&mut tx, self.lease, line, self.now()).await?;
        tx.commit().await
    }

    fn dropped(&self, written: Result<(), sqlx::Error>) {
        if let Err(error) = written {
            self.complain(&error);
        }
    }

    fn complain(&self, error: &sqlx::Error) {
        warn!(saga = %self.lease.id, %error, "a step's report was not written");
    }
}

/// How far a whole run is when `done` of its `total` steps are done and one is at `within` percent.
pub(crate) fn whole_percent(done: i16, within: u8, total: i16) -> i16 {
    let whole = (i32::from(done) * 100 + i32::from(within.min(100))) / i32::from(total.max(1));
    i16::try_from(whole.min(100)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::whole_percent;

    #[test]
    fn the_whole_run_counts_steps_done_and_the_part_of_the_current_one() {
        assert_eq!(whole_percent(0, 0, 4), 0);
        assert_eq!(whole_percent(1, 50, 4), 37);
        assert_eq!(whole_percent(3, 255, 4), 100);
        assert_eq!(whole_percent(0, 0, 0), 0);
    }
}
