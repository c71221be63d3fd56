//! When a worker looks, and when it stops.

use std::sync::Arc;
use std::time::Duration;

use saga::clock;
use saga::fault::Direction;
use saga::run::RunState;
use saga::worker::{Timing, Worker};
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use crate::workshop::{Bench, Twist, until};

#[sqlx::test(migrations = "../../migrations")]
async fn a_start_wakes_a_worker_that_would_not_look_for_an_hour(pool: PgPool) {
    let bench = Bench::new(pool);
    let rare = Timing {
        poll: Duration::from_hours(1),
        ..Timing::default()
    };
    let worker = Worker::new(bench.pool.clone(), bench.registry(), clock::system(), rare);
    let worker = tokio::spawn(worker.run(std::future::pending()));
    until(async || {
        let listening: bool = sqlx::query_scalar(
            "select exists (select from pg_stat_activity \
             where datname = current_database() and query ilike 'listen \"sagas\"%')",
        )
        .fetch_one(&bench.pool)
        .await
        .expect("readable");
        listening.then_some(())
    })
    .await;

    let id = bench.start().await;
    bench.until_state(id, RunState::Succeeded).await;
    worker.abort();
}

/// Nobody tells of the end of a lease, or that a back-off is over.
#[sqlx::test(migrations = "../../migrations")]
async fn a_worker_that_looks_once_an_hour_takes_what_is_due_when_it_is(pool: PgPool) {
    let bench = Bench::new(pool);
    let never = Arc::new(Semaphore::new(0));
    bench
        .workshop
        .twist("cut", Direction::Forward, Twist::Wait(never));
    bench
        .workshop
        .twist("glue", Direction::Forward, Twist::Retry);
    let id = bench.start().await;
    let victim = bench.spawn_worker();
    bench.until_called("+cut", 1).await;
    victim.abort();

    let rare = Timing {
        poll: Duration::from_hours(1),
        ..Timing::default()
    };
    let heir = Worker::new(bench.pool.clone(), bench.registry(), clock::system(), rare);
    let heir = tokio::spawn(heir.run(std::future::pending()));
    bench.until_state(id, RunState::Succeeded).await;
    heir.abort();
    assert_eq!(
        bench.workshop.calls(),
        ["+cut", "+cut", "+glue", "+glue", "+paint"]
    );
}

/// The database answers nobody: the row is locked, as if the server stood still.
#[sqlx::test(migrations = "../../migrations")]
async fn a_worker_whose_heartbeats_are_not_written_stops_before_its_lease_does(pool: PgPool) {
    let bench = Bench::new(pool);
    let never = Arc::new(Semaphore::new(0));
    bench
        .workshop
        .twist("cut", Direction::Forward, Twist::Wait(never));
    let id = bench.start().await;
    let timing = Timing {
        lease: Duration::from_secs(2),
        heartbeat: Duration::from_millis(200),
        poll: Duration::from_millis(20),
    };
    let worker = Worker::new(
        bench.pool.clone(),
        bench.registry(),
        clock::system(),
        timing,
    );
    let worker = tokio::spawn(worker.run_until_idle());
    bench.until_called("+cut", 1).await;
    let mut tx = bench.pool.begin().await.expect("begins");
    sqlx::query("select from sagas where id = $1 for update")
        .bind(id)
        .execute(&mut *tx)
        .await
        .expect("is locked");

    worker.await.expect("it ends").expect("it is answered");
    let now = OffsetDateTime::now_utc();
    let lease: OffsetDateTime = sqlx::query_scalar("select lease_until from sagas where id = $1")
        .bind(id)
        .fetch_one(&bench.pool)
        .await
        .expect("it has one");
    assert!(
        now < lease,
        "it stopped at {now}, its lease ended at {lease}"
    );
}
