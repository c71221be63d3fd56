//! Runs that wait, parked or at work in another lane, keep no one waiting.

use std::sync::Arc;

use saga::clock;
use saga::lane::{Lane, LaneLimits};
use saga::run::RunState;
use sqlx::PgPool;
use tokio::sync::Semaphore;

use crate::post_office::{Counter, Office, Patience, Sort};
use crate::workshop::Bench;

#[sqlx::test(migrations = "../../migrations")]
async fn five_hundred_parked_runs_hold_no_place(pool: PgPool) {
    let counter = Counter::new(pool);
    let mut parked = Vec::new();
    for _ in 0..500 {
        parked.push(counter.start(Patience::default()).await);
    }
    counter.run_until_idle().await;
    assert_eq!(counter.held().await, 0);
    let waiting: i64 = sqlx::query_scalar("select count(*) from sagas where state = 'waiting'")
        .fetch_one(&counter.bench.pool)
        .await
        .expect("countable");
    assert_eq!(waiting, 500);

    let one_place = LaneLimits {
        runs: 1,
        per_tenant: 1,
    };
    let worker = counter
        .worker(clock::system())
        .with_limits(Lane::Interactive, one_place);
    let worker = tokio::spawn(worker.run(std::future::pending()));
    let id = counter.start(Patience::default()).await;
    counter.signal(id, "letter", "Dear Ada".into()).await;
    counter.bench.until_state(id, RunState::Succeeded).await;
    assert_eq!(counter.state(parked[0]).await, RunState::Waiting);
    worker.abort();
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_bulk_lane_full_of_work_delays_no_interactive_run(pool: PgPool) {
    let gate = Arc::new(Semaphore::new(0));
    let office = Office {
        gate: Some(Arc::clone(&gate)),
        ..Office::default()
    };
    let counter = Counter {
        bench: Bench::new(pool),
        office: Arc::new(office),
    };
    let mut bulk = Vec::new();
    for _ in 0..20 {
        bulk.push(
            counter
                .start_new::<Sort>(counter.bench.new_saga(), &())
                .await,
        );
    }
    let two_places = LaneLimits {
        runs: 2,
        per_tenant: 2,
    };
    let worker = counter
        .worker(clock::system())
        .with_limits(Lane::Bulk, two_places);
    let worker = tokio::spawn(worker.run(std::future::pending()));
    counter.until_called("+sort", 2).await;

    let id = counter.start(Patience::default()).await;
    counter.signal(id, "letter", "Dear Ada".into()).await;
    counter.bench.until_state(id, RunState::Succeeded).await;
    let sorting = counter.office.calls();
    assert_eq!(sorting.iter().filter(|call| *call == "+sort").count(), 2);

    gate.add_permits(20);
    for id in bulk {
        counter.bench.until_state(id, RunState::Succeeded).await;
    }
    worker.abort();
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_tenants_limit_counts_each_lane_for_itself(pool: PgPool) {
    let gate = Arc::new(Semaphore::new(0));
    let office = Office {
        gate: Some(gate),
        ..Office::default()
    };
    let counter = Counter {
        bench: Bench::new(pool),
        office: Arc::new(office),
    };
    for _ in 0..4 {
        counter
            .start_new::<Sort>(counter.bench.new_saga(), &())
            .await;
    }
    let limits = LaneLimits {
        runs: 8,
        per_tenant: 1,
    };
    let worker = counter
        .worker(clock::system())
        .with_limits(Lane::Bulk, limits)
        .with_limits(Lane::Interactive, limits);
    let worker = tokio::spawn(worker.run(std::future::pending()));
    counter.until_called("+sort", 1).await;

    let id = counter.start(Patience::default()).await;
    counter.bench.until_state(id, RunState::Waiting).await;
    let other = Counter {
        bench: Bench::new(counter.bench.pool.clone()),
        office: Arc::clone(&counter.office),
    };
    other.start_new::<Sort>(other.bench.new_saga(), &()).await;
    counter.until_called("+sort", 2).await;
    assert_eq!(counter.held().await, 2);
    worker.abort();
}
