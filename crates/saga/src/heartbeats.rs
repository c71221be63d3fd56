//! Keeps the leases of all runs that a worker holds, with one statement at a time.
//!
//! A run's work goes on for a while after the last heartbeat that was written, counted from before it was sent and by
//! a clock that cannot jump; then it stops, whatever the reason: whoever takes the run over finds nobody at work
//! on it. The connection is the worker's own, so that a pool without a free one costs no lease.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::warn;

use crate::clock::Clock;
use crate::lease::{self, Beat, Lease};
use crate::saga::SagaId;

/// The runs that a worker holds, and until when it may work on each.
pub(crate) struct Heartbeats {
    pool: PgPool,
    clock: Clock,
    length: Duration,
    every: Duration,
    held: Mutex<HashMap<SagaId, Held>>,
}

struct Held {
    fence: i64,
    until: watch::Sender<Instant>,
}

/// A run that is kept until this is dropped.
pub(crate) struct Kept {
    beats: Arc<Heartbeats>,
    lease: Lease,
    until: watch::Receiver<Instant>,
}

impl Heartbeats {
    /// `every` is how often; half the lease at the most.
    pub(crate) fn new(pool: PgPool, clock: Clock, length: Duration, every: Duration) -> Self {
        Self {
            pool,
            clock,
            length,
            every: every.min(length / 2),
            held: Mutex::default(),
        }
    }

    /// How long the work on a run goes on without a heartbeat: less than its lease.
    pub(crate) fn good_for(&self) -> Duration {
        self.length.saturating_sub(self.every)
    }

    /// Keeps a run that was asked for at `asked_at`.
    pub(crate) fn keep(self: &Arc<Self>, lease: Lease, asked_at: Instant) -> Kept {
        let (sender, until) = watch::channel(asked_at + self.good_for());
        let held = Held {
            fence: lease.fence,
            until: sender,
        };
        self.held().insert(lease.id, held);
        Kept {
            beats: Arc::clone(self),
            lease,
            until,
        }
    }

    /// Beats for ever.
    pub(crate) async fn beat(self: Arc<Self>) {
        let mut connection = None;
        loop {
            sleep(self.every).await;
            let held: Vec<(SagaId, i64)> = self
                .held()
                .iter()
                .map(|(id, held)| (*id, held.fence))
                .collect();
            if held.is_empty() {
                continue;
            }
            let asked_at = Instant::now();
            let beats = timeout(self.every, self.ask(&mut connection, &held)).await;
            match beats {
                Ok(Ok(beats)) => self.note(&beats, asked_at),
                // What is left of its statement must not be taken for the answer to the next.
                Ok(Err(error)) => {
                    connection = None;
                    warn!(%error, "heartbeats were not written");
                }
                Err(_) => {
                    connection = None;
                    warn!("heartbeats were not written in time");
                }
            }
        }
    }

    async fn ask(
        &self,
        connection: &mut Option<PgConnection>,
        held: &[(SagaId, i64)],
    ) -> Result<Vec<Beat>, sqlx::Error> {
        let db = if let Some(db) = connection {
            db
        } else {
            let options = self.pool.connect_options();
            connection.insert(PgConnection::connect_with(&options).await?)
        };
        lease::heartbeat(db, held, (self.clock)(), self.length).await
    }

    fn note(&self, beats: &[Beat], asked_at: Instant) {
        let held = self.held();
        for beat in beats {
            let Some(held) = held.get(&beat.id).filter(|held| held.fence == beat.fence) else {
                continue;
            };
            let good_for = if beat.kept {
                self.good_for()
            } else {
                Duration::ZERO
            };
            held.until.send_replace(asked_at + good_for);
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<SagaId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Ready when the work has to stop: the run is no longer ours, or its lease ends soon.
    pub(crate) async fn over(&mut self) {
        loop {
            let until = *self.until.borrow_and_update();
            tokio::select! {
                biased;
                changed = self.until.changed() => if changed.is_err() { return },
                () = sleep_until(until) => return,
            }
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut held = self.beats.held();
        let is_ours = held
            .get(&self.lease.id)
            .is_some_and(|held| held.fence == self.lease.fence);
        if is_ours {
            held.remove(&self.lease.id);
        }
    }
}
