//! Takes runs from the database and works on several at once.
//!
//! Any number of workers share a database. Each polls; a notification on the channel `sagas` only
//! shortens the wait. A worker that ends gives its runs back; one that is killed leaves its leases to
//! expire.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{error, warn};

use crate::clock::{self, Clock};
use crate::executor::{Executor, Stop};
use crate::lane::{Lane, LaneLimits};
use crate::lease::{self, Claimable, ClaimedRun, Due, Lease};
use crate::registry::Registry;

/// How long a worker holds, renews and waits.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long a run stays with a worker that gives no sign of life.
    pub lease: Duration,
    /// How often a worker gives one. Well below the lease.
    pub heartbeat: Duration,
    /// How often it looks for work unasked.
    pub poll: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            heartbeat: Duration::from_secs(3),
            poll: Duration::from_millis(250),
        }
    }
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
    heartbeat: Duration,
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
        let shared = Arc::new(Shared {
            pool,
            registry,
            clock,
            lease,
            heartbeat,
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
        let places = self.places();
        let mut listening = JoinSet::new();
        listening.spawn(listen(
            self.shared.pool.clone(),
            Arc::clone(&woken),
            self.poll,
        ));
        tokio::pin!(shutdown);
        loop {
            if let Err(error) = self.fill(&places, &mut running, Due::Now, &stopping).await {
                warn!(%error, "no saga could be claimed");
            }
            tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = running.join_next() => tell_panic(ended),
                () = woken.notified() => {}
                () = tokio::time::sleep(self.poll) => {}
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
        let places = self.places();
        loop {
            self.fill(&places, &mut running, Due::IgnoreBackoff, &stopping)
                .await?;
            let Some(ended) = running.join_next().await else {
                return Ok(());
            };
            tell_panic(ended);
        }
    }

    /// Claims runs for as long as there is room in a lane.
    async fn fill(
        &self,
        places: &[Places],
        running: &mut JoinSet<()>,
        due: Due,
        stopping: &watch::Receiver<bool>,
    ) -> Result<(), sqlx::Error> {
        let shared = &self.shared;
        loop {
            let claimable = self.claimable(places);
            if claimable.lanes.is_empty() {
                return Ok(());
            }
            let at = (shared.clock)();
            let claimed = lease::claim(&shared.pool, &claimable, due, at, shared.lease).await?;
            let Some(claimed) = claimed else {
                return Ok(());
            };
            let lane = places.iter().find(|places| places.lane == claimed.lane);
            let place = lane.and_then(|lane| Arc::clone(&lane.free).try_acquire_owned().ok());
            let work = Arc::clone(shared).work_on(claimed, stopping.clone());
            running.spawn(async move {
                work.await;
                drop(place);
            });
        }
    }

    fn places(&self) -> Vec<Places> {
        let places = |(lane, limits): &(Lane, LaneLimits)| Places {
            lane: *lane,
            per_tenant: limits.per_tenant,
            free: Arc::new(Semaphore::new(limits.runs)),
        };
        self.limits.iter().map(places).collect()
    }

    fn claimable(&self, places: &[Places]) -> Claimable {
        let (names, versions) = self.shared.registry.known();
        let (lanes, per_tenant) = places
            .iter()
            .filter(|places| places.free.available_permits() > 0)
            .map(|places| (places.lane.name().to_owned(), places.per_tenant))
            .unzip();
        Claimable {
            names,
            versions,
            lanes,
            per_tenant,
        }
    }
}

/// The places of one lane. A run gives its place back when the work on it ends, however it ends.
struct Places {
    lane: Lane,
    per_tenant: i64,
    free: Arc<Semaphore>,
}

impl<C: Send + Sync + 'static> Shared<C> {
    async fn work_on(self: Arc<Self>, claimed: ClaimedRun, mut stopping: watch::Receiver<bool>) {
        let Some(executor) = Executor::new(&self.pool, &self.clock, &self.registry, &claimed)
        else {
            return;
        };
        let id = claimed.lease.id;
        tokio::select! {
            biased;
            stopped = executor.drive() => match stopped {
                Ok(Stop::LetGo | Stop::Died) => {}
                Ok(Stop::Lost) => warn!(saga = %id, "another worker has taken this saga over"),
                Err(error) => warn!(saga = %id, %error, "the work on a saga broke off"),
            },
            () = self.beat_until_lost(claimed.lease) => {
                warn!(saga = %id, "the lease on this saga was lost");
            }
            () = asked_to_stop(&mut stopping) => {
                if let Err(error) = lease::release(&self.pool, claimed.lease).await {
                    warn!(saga = %id, %error, "a saga was not given back");
                }
            }
        }
    }

    /// Ends when the run is no longer ours, or shortly before its lease does where no heartbeat was written: whoever
    /// takes it over then finds nobody at work on it.
    async fn beat_until_lost(&self, held: Lease) {
        let good_for = self.lease.saturating_sub(self.heartbeat);
        let mut until = Instant::now() + good_for;
        loop {
            tokio::time::sleep(self.heartbeat).await;
            let asked_at = Instant::now();
            let beat = lease::heartbeat(&self.pool, held, (self.clock)(), self.lease);
            match tokio::time::timeout_at(until, beat).await {
                Ok(Ok(true)) => until = asked_at + good_for,
                Ok(Ok(false)) | Err(_) => return,
                Ok(Err(error)) => {
                    warn!(saga = %held.id, %error, "a heartbeat was not written");
                    if Instant::now() >= until {
                        return;
                    }
                }
            }
        }
    }
}

/// Ready when the worker was told to stop; never when it is gone.
async fn asked_to_stop(stopping: &mut watch::Receiver<bool>) {
    if stopping.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Wakes the worker at each notification; begins again when the connection is lost.
async fn listen(pool: PgPool, woken: Arc<Notify>, pause: Duration) {
    loop {
        if let Err(error) = relay(&pool, &woken).await {
            warn!(%error, "notifications about sagas are not heard; polling goes on");
        }
        tokio::time::sleep(pause).await;
    }
}

async fn relay(pool: &PgPool, woken: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen("sagas").await?;
    loop {
        listener.recv().await?;
        woken.notify_one();
    }
}

fn tell_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        error!(%error, "the work on a saga ended unexpectedly");
    }
}
