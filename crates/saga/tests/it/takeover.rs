//! Workers that vanish, stop, are late, or compete.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use saga::clock::{self, Clock};
use saga::fault::{Direction, Fault, Faults, Point};
use saga::lane::{Lane, LaneLimits};
use saga::registry::Registry;
use saga::run::RunState;
use saga::saga::{Saga, SagaId};
use saga::step::{Step, Undo};
use saga::store;
use saga::worker::{Timing, Worker};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use time::OffsetDateTime;
use tokio::sync::{Semaphore, oneshot};

use crate::workshop::{Bench, Order, STEPS, Twist, until};

/// A lease that is over soon.
const BRIEF: Timing = Timing {
    lease: Duration::from_millis(400),
    heartbeat: Duration::from_millis(100),
    poll: Duration::from_millis(20),
};

async fn fence(bench: &Bench, id: SagaId) -> i64 {
    sqlx::query_scalar("select fence from sagas where id = $1")
        .bind(id)
        .fetch_one(&bench.pool)
        .await
        .expect("the run is there")
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_worker_killed_in_each_step_is_replaced_once_its_lease_has_expired(pool: PgPool) {
    for step in STEPS {
        let bench = Bench::new(pool.clone());
        let never = Arc::new(Semaphore::new(0));
        bench
            .workshop
            .twist(step, Direction::Forward, Twist::Wait(never));
        let id = bench.start().await;
        let victim = bench.spawn_worker();
        bench.until_called(&format!("+{step}"), 1).await;
        let before = fence(&bench, id).await;
        victim.abort();
        assert!(victim.await.expect_err("it was killed").is_cancelled());

        let heir = bench.spawn_worker();
        bench.until_state(id, RunState::Succeeded).await;
        heir.abort();
        assert_eq!(fence(&bench, id).await, before + 1);
        let calls = bench.workshop.calls();
        assert_eq!(
            calls.len(),
            4,
            "only the step under way ran again: {calls:?}"
        );
        assert_eq!(bench.workshop.made().len(), 3);
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_run_that_is_held_is_not_taken(pool: PgPool) {
    let bench = Bench::new(pool);
    let gate = Arc::new(Semaphore::new(0));
    bench
        .workshop
        .twist("cut", Direction::Forward, Twist::Wait(Arc::clone(&gate)));
    let id = bench.start().await;
    let first = bench.spawn_worker();
    bench.until_called("+cut", 1).await;

    bench.run_until_idle().await;
    assert_eq!(bench.workshop.calls(), ["+cut"]);
    assert_eq!(fence(&bench, id).await, 1);

    gate.add_permits(1);
    bench.until_state(id, RunState::Succeeded).await;
    first.abort();
}

/// The lease is given two lifetimes to expire while a step is under way.
#[sqlx::test(migrations = "../../migrations")]
async fn heartbeats_keep_a_long_step_with_its_worker(pool: PgPool) {
    let bench = Bench::new(pool);
    let gate = Arc::new(Semaphore::new(0));
    bench
        .workshop
        .twist("cut", Direction::Forward, Twist::Wait(Arc::clone(&gate)));
    let id = bench.start().await;
    let holder = bench.spawn_worker();
    let rival = bench.spawn_worker();
    bench.until_called("+cut", 1).await;
    let begun = bench.run(id).await.heartbeat_at.expect("a heartbeat");

    until(async || {
        let beat = bench.run(id).await.heartbeat_at.expect("a heartbeat");
        (beat - begun > Duration::from_secs(4)).then_some(())
    })
    .await;
    assert_eq!(bench.workshop.calls(), ["+cut"]);
    assert_eq!(fence(&bench, id).await, 1);

    gate.add_permits(1);
    bench.until_state(id, RunState::Succeeded).await;
    holder.abort();
    rival.abort();
}

/// Waits for a worker of [`Bench::worker_apart`]. On a busy machine it may give up on its next claim, which it has as long
/// for as its lease.
async fn ended(worker: JoinHandle<Result<(), sqlx::Error>>) {
    let ended = tokio::task::spawn_blocking(|| worker.join())
        .await
        .expect("is waited for")
        .expect("the late worker ends");
    drop(ended);
}

/// Awakened after others have taken over what it held.
#[sqlx::test(migrations = "../../migrations")]
async fn a_late_worker_writes_nothing(pool: PgPool) {
    let bench = Bench::new(pool);
    let (thaw, frozen) = mpsc::channel();
    bench
        .workshop
        .twist("cut", Direction::Forward, Twist::Freeze(frozen));
    let id = bench.start().await;
    let late = bench.worker_apart(BRIEF);
    bench.until_called("+cut", 1).await;

    let never = Arc::new(Semaphore::new(0));
    bench
        .workshop
        .twist("glue", Direction::Forward, Twist::Wait(never));
    let heir = bench.spawn_worker();
    bench.until_called("+glue", 1).await;
    let standing = bench.run(id).await;
    let lines = bench.log(id).await.len();

    thaw.send(()).expect("it is frozen");
    ended(late).await;

    let now = bench.run(id).await;
    assert_eq!(
        (now.state, &now.phase, now.percent),
        (RunState::Running, &standing.phase, standing.percent)
    );
    assert_eq!(now.detail, standing.detail);
    assert_eq!(
        bench.log(id).await.len(),
        lines,
        "the late worker's log line is refused"
    );
    assert_eq!(fence(&bench, id).await, 2);
    assert_eq!(bench.workshop.calls(), ["+cut", "+cut", "+glue"]);
    heir.abort();
}

#[sqlx::test(migrations = "../../migrations")]
async fn many_workers_run_each_step_of_many_runs_once(pool: PgPool) {
    let benches: Vec<_> = (0..12).map(|_| Bench::new(pool.clone())).collect();
    let mut runs = Vec::new();
    for bench in &benches {
        runs.push(bench.start().await);
    }
    let shared = Arc::clone(&benches[0].workshop);
    let registry =
        || saga::registry::Registry::new(Arc::clone(&shared)).with::<crate::workshop::Craft>();
    let worker = || {
        let timing = Timing {
            poll: Duration::from_millis(10),
            ..Timing::default()
        };
        let worker = Worker::new(pool.clone(), registry(), clock::system(), timing);
        let worker = worker.with_limits(
            Lane::Interactive,
            LaneLimits {
                runs: 3,
                per_tenant: 16,
            },
        );
        tokio::spawn(worker.run(std::future::pending()))
    };
    let workers = [worker(), worker(), worker()];
    for (bench, id) in benches.iter().zip(&runs) {
        bench.until_state(*id, RunState::Succeeded).await;
        assert_eq!(fence(bench, *id).await, 1);
    }
    for worker in workers {
        worker.abort();
    }
    assert_eq!(shared.calls().len(), 36);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_worker_that_is_asked_to_stop_gives_its_runs_back_at_once(pool: PgPool) {
    let bench = Bench::new(pool);
    let never = Arc::new(Semaphore::new(0));
    bench
        .workshop
        .twist("glue", Direction::Forward, Twist::Wait(never));
    let id = bench.start().await;
    let (stop, stopped) = oneshot::channel::<()>();
    let long = Timing {
        lease: Duration::from_hours(1),
        ..Timing::default()
    };
    let worker = Worker::new(bench.pool.clone(), bench.registry(), clock::system(), long);
    let worker = tokio::spawn(worker.run(async move { drop(stopped.await) }));
    bench.until_called("+glue", 1).await;
    let mut others = PgListener::connect_with(&bench.pool)
        .await
        .expect("connects");
    others.listen("sagas").await.expect("listens");
    stop.send(()).expect("the worker listens");
    worker.await.expect("it ends by itself");
    let told = others.recv().await.expect("the others are woken");
    assert_eq!(told.channel(), "sagas");

    bench.run_until_idle().await;
    assert_eq!(bench.run(id).await.state, RunState::Succeeded);
    assert_eq!(bench.workshop.calls(), ["+cut", "+glue", "+glue", "+paint"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_step_that_was_given_back_counts_as_begun_when_the_run_is_cancelled(pool: PgPool) {
    let bench = Bench::new(pool);
    let never = Arc::new(Semaphore::new(0));
    bench
        .workshop
        .twist("glue", Direction::Forward, Twist::Wait(never));
    let id = bench.start().await;
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(bench.worker().run(async move { drop(stopped.await) }));
    bench.until_called("+glue", 1).await;
    stop.send(()).expect("the worker listens");
    worker.await.expect("it ends by itself");

    assert!(bench.cancel(id).await);
    bench.run_until_idle().await;
    assert_eq!(bench.run(id).await.state, RunState::Cancelled);
    assert_eq!(bench.workshop.calls(), ["+cut", "+glue", "-glue", "-cut"]);
}

/// Ends the worker at each attempt to paint.
struct DeadlyPaint;

impl Faults for DeadlyPaint {
    fn before(&self, _: Point<'_>) -> Fault {
        Fault::None
    }

    fn after(&self, point: Point<'_>) -> Fault {
        let deadly = point.step == "paint" && point.direction == Direction::Forward;
        if deadly { Fault::Die } else { Fault::None }
    }
}

/// A step that must be done is tried on, however often its worker ends.
#[sqlx::test(migrations = "../../migrations")]
async fn a_step_that_must_be_done_survives_more_workers_than_any_other(pool: PgPool) {
    let bench = Bench::new(pool);
    let new = bench.new_saga();
    let id = new.id;
    let order = Order {
        piece: "chair".to_owned(),
    };
    let mut db = bench.pool.acquire().await.expect("a connection");
    store::start::<Insist>(&mut db, new, &order, OffsetDateTime::now_utc())
        .await
        .expect("it starts");
    drop(db);
    let deadly = Arc::new(Deadly(AtomicU32::new(30)));
    for hours in 0..31 {
        let ahead: Clock =
            Arc::new(move || OffsetDateTime::now_utc() + time::Duration::HOUR * hours);
        let registry = Registry::new(Arc::new(()))
            .with::<Insist>()
            .with_faults(Arc::clone(&deadly) as Arc<dyn Faults>);
        Worker::new(bench.pool.clone(), registry, ahead, Timing::default())
            .run_until_idle()
            .await
            .expect("the database answers");
    }
    assert_eq!(bench.run(id).await.state, RunState::Succeeded);
}

/// Has one step, which must be done.
struct Insist;

impl Saga for Insist {
    const NAME: &'static str = "insist";
    type Params = Order;
    type Context = ();

    fn steps() -> Vec<Step<Self>> {
        let undo = Undo::none("There is no way back.");
        let insist = |_| std::future::ready(Ok(()));
        vec![Step::new("insist", "Insisting", insist, undo).until_done()]
    }
}

/// Ends so many workers.
struct Deadly(AtomicU32);

impl Faults for Deadly {
    fn before(&self, _: Point<'_>) -> Fault {
        Fault::None
    }

    fn after(&self, _: Point<'_>) -> Fault {
        let left = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        left.map_or(Fault::None, |_| Fault::Die)
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_step_that_kills_every_worker_is_given_up(pool: PgPool) {
    let bench = Bench::new(pool);
    let id = bench.start().await;
    for hours in 0..30 {
        let ahead: Clock =
            Arc::new(move || OffsetDateTime::now_utc() + time::Duration::HOUR * hours);
        let registry = bench.registry().with_faults(Arc::new(DeadlyPaint));
        Worker::new(bench.pool.clone(), registry, ahead, Timing::default())
            .run_until_idle()
            .await
            .expect("the database answers");
    }

    let run = bench.run(id).await;
    assert_eq!(run.state, RunState::Failed);
    assert_eq!(
        run.error.as_deref(),
        Some("“Painting” was interrupted too often.")
    );
    let calls = bench.workshop.calls();
    assert_eq!(calls.iter().filter(|call| *call == "+paint").count(), 20);
    assert!(bench.workshop.made().is_empty());
}
