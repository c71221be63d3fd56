//! Takes runs from the database and works on several at once.
//!
//! Any number of workers share a database. Each is woken by a notification on the channel `sagas` and sleeps until the
//! next run is due; a look now and then makes up for a notification that was lost. A worker that ends gives its
//! runs back; one that is killed leaves its leases to expire.

mod listening;
mod places;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, warn};

use crate::clock::{self, Clock};
use crate::executor::{Executor, Stop};
use crate::heartbeats::{Heartbeats, Kept};
use crate::lane::{Lane, LaneLimits};
use crate::lease::{self, Claim, ClaimedRun, Due};
use crate::registry::Registry;
use places::Places;

/// How long a worker holds, renews and waits.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long a run stays with a worker that gives no sign of life.
    pub lease: Duration,
    /// How often a worker gives one. Well below the lease.
    pub heartbeat: Duration,
    /// How often it looks for work unasked, where nothing is due before.
    pub poll: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            heartbeat: Duration::from_secs(3),
            poll: Duration::from_secs(10),
        }
    }
}

/// The pause before another look where somebody else was at the runs just then, or after a failed one.
const AGAIN: Duration = Duration::from_millis(50);
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// When to look again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Nothing else is due before.
    In(Duration),
    /// Soon: somebody else was at the runs just then.
    Contended,
}

/// Works on the runs of the sagas in its registry.
pub struct Worker<C> {
    shared: Arc<Shared<C>>,
    limits: Vec<(Lane, LaneLimits)>,
    poll: Duration,
}

struct Shared<C> {
    pool: PgPool,
    registry: Registry<C>,
    clock: Clock,
    lease: Duration,
    beats: Arc<Heartbeats>,
}

/// Works until nothing is left that can be taken; for tests. Waits for no back-off.
pub async fn run_until_idle<C: Send + Sync + 'static>(
    pool: &PgPool,
    registry: Registry<C>,
) -> Result<(), sqlx::Error> {
    Worker::new(pool.clone(), registry, clock::system(), Timing::default())
        .run_until_idle()
        .await
}

impl<C: Send + Sync + 'static> Worker<C> {
    /// A worker that takes 128 interactive runs at once, 16 of one tenant, and beside them 16 of the bulk lane,
    /// 2 of one tenant. Parked runs do not count.
    pub fn new(pool: PgPool, registry: Registry<C>, clock: Clock, timing: Timing) -> Self {
        let Timing {
            lease,
            heartbeat,
            poll,
        } = timing;
        let beats = Heartbeats::new(pool.clone(), Arc::clone(&clock), lease, heartbeat);
        let shared = Arc::new(Shared {
            pool,
            registry,
            clock,
            lease,
            beats: Arc::new(beats),
        });
        Self {
            shared,
            limits: Lane::ALL.map(|lane| (lane, lane.limits())).to_vec(),
            poll,
        }
    }

    /// Takes so many runs of one lane.
    #[must_use]
    pub fn with_limits(mut self, lane: Lane, limits: LaneLimits) -> Self {
        for known in self.limits.iter_mut().filter(|known| known.0 == lane) {
            known.1 = limits;
        }
        self
    }

    /// Works until `shutdown` is ready, then gives back what it holds. Dropped in the middle, it
    /// stops as if killed: its runs are taken over once their leases have expired.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        let (stop, stopping) = watch::channel(false);
        let woken = Arc::new(Notify::new());
        let mut running = JoinSet::new();
        let places = Places::of(&self.limits);
        let mut beside = self.beside();
        beside.spawn(listening::listen(
            self.shared.pool.clone(),
            Arc::clone(&woken),
        ));
        tokio::pin!(shutdown);
        loop {
            let filled = self.fill(&places, &mut running, Due::Now, &stopping).await;
            let pause = match filled {
                Ok(Next::In(pause)) => pause,
                Ok(Next::Contended) => AGAIN,
                Err(error) => {
                    warn!(%error, "no saga could be claimed");
                    AFTER_A_FAILURE.min(self.poll)
                }
            };
            tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = running.join_next() => tell_panic(ended),
                () = woken.notified() => {}
                () = sleep(pause) => {}
            }
        }
        stop.send_replace(true);
        while let Some(ended) = running.join_next().await {
            tell_panic(ended);
        }
    }

    /// Works until nothing is left that can be taken. Waits for no back-off, but for leases that others hold
    /// and for parked runs it does not wait either: it leaves those alone.
    pub async fn run_until_idle(self) -> Result<(), sqlx::Error> {
        let (_stop, stopping) = watch::channel(false);
        let mut running = JoinSet::new();
        let places = Places::of(&self.limits);
        let _beside = self.beside();
        loop {
            let next = self
                .fill(&places, &mut running, Due::IgnoreBackoff, &stopping)
                .await?;
            match running.join_next().await {
                Some(ended) => tell_panic(ended),
                None if next == Next::Contended => sleep(AGAIN).await,
                None => return Ok(()),
            }
        }
    }

    /// What goes on beside the runs; it ends when this is dropped.
    fn beside(&self) -> JoinSet<()> {
        let mut beside = JoinSet::new();
        beside.spawn(Arc::clone(&self.shared.beats).beat());
        beside
    }

    /// Claims what is due and what there is room for.
    async fn fill(
        &self,
        places: &[Places],
        running: &mut JoinSet<()>,
        due: Due,
        stopping: &watch::Receiver<bool>,
    ) -> Result<Next, sqlx::Error> {
        let shared = &self.shared;
        loop {
            let claimable = places::claimable(places, shared.registry.known());
            if claimable.lanes.is_empty() {
                return Ok(Next::In(self.poll));
            }
            let mut db = shared.pool.acquire().await?;
            let (asked_at, at) = (Instant::now(), (shared.clock)());
            let claim = lease::claim(&mut db, &claimable, due, at, shared.lease);
            let Claim { runs, contended } = in_time(shared.lease, claim).await?;
            if runs.is_empty() && contended {
                return Ok(Next::Contended);
            }
            if runs.is_empty() {
                let next = in_time(shared.lease, lease::next_due(&mut db, at)).await?;
                let pause = next.and_then(|next| Duration::try_from(next - at).ok());
                // A lease ends after its last moment.
                let pause = pause.map(|pause| pause + Duration::from_millis(1));
                let pause = pause.map_or(self.poll, |pause| pause.min(self.poll));
                return Ok(Next::In(pause));
            }
            drop(db);
            for claimed in runs {
                let place = Places::take(places, claimed.lane);
                let kept = shared.beats.keep(claimed.lease, asked_at);
                let work = Arc::clone(shared).work_on(claimed, kept, stopping.clone());
                running.spawn(async move {
                    work.await;
                    drop(place);
                });
            }
        }
    }
}

impl<C: Send + Sync + 'static> Shared<C> {
    async fn work_on(
        self: Arc<Self>,
        claimed: ClaimedRun,
        mut kept: Kept,
        mut stopping: watch::Receiver<bool>,
    ) {
        let Some(executor) = Executor::new(&self.pool, &self.clock, &self.registry, &claimed)
        else {
            return;
        };
        let id = claimed.lease.id;
        tokio::select! {
            biased;
            () = kept.over() => {
                warn!(saga = %id, "the lease on this saga was lost");
            }
            stopped = executor.drive() => match stopped {
                Ok(Stop::LetGo | Stop::Died) => {}
                Ok(Stop::Lost) => warn!(saga = %id, "another worker has taken this saga over"),
                Err(error) => warn!(saga = %id, %error, "the work on a saga broke off"),
            },
            () = asked_to_stop(&mut stopping) => {
                let released = in_time(self.lease, lease::release(&self.pool, claimed.lease)).await;
                if let Err(error) = released {
                    warn!(saga = %id, %error, "a saga was not given back");
                }
            }
        }
    }
}

/// The answer, or that none came within a lease.
async fn in_time<T>(
    lease: Duration,
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(lease, asked)
        .await
        .unwrap_or_else(|late| Err(sqlx::Error::Io(std::io::Error::from(late))))
}

/// Ready when the worker was told to stop; never when it is gone.
async fn asked_to_stop(stopping: &mut watch::Receiver<bool>) {
    if stopping.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn tell_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        error!(%error, "the work on a saga ended unexpectedly");
    }
}
