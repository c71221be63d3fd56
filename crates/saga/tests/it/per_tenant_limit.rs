//! Runs that wait keep no others waiting.

use std::sync::Arc;

use saga::clock;
use saga::fault::Direction;
use saga::lane::{Lane, LaneLimits};
use saga::run::RunState;
use saga::worker::{Timing, Worker};
use sqlx::PgPool;
use tokio::sync::Semaphore;

use crate::workshop::{Bench, Twist};

/// Has the next runs that begin wait for ever.
fn next_wait(bench: &Bench, count: usize) {
    let never = Arc::new(Semaphore::new(0));
    for _ in 0..count {
        let wait = Twist::Wait(Arc::clone(&never));
        bench.workshop.twist("cut", Direction::Forward, wait);
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_dozen_waiting_runs_leave_room_for_one_more(pool: PgPool) {
    let bench = Bench::new(pool);
    next_wait(&bench, 12);
    for _ in 0..12 {
        bench.start().await;
    }
    let worker = bench.spawn_worker();
    bench.until_called("+cut", 12).await;

    let id = bench.start().await;
    bench.until_state(id, RunState::Succeeded).await;
    worker.abort();
}

#[sqlx::test(migrations = "../../migrations")]
async fn one_tenant_cannot_take_every_place(pool: PgPool) {
    let bench = Bench::new(pool);
    next_wait(&bench, 2);
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(bench.start().await);
    }
    let worker = Worker::new(
        bench.pool.clone(),
        bench.registry(),
        clock::system(),
        Timing::default(),
    );
    let worker = worker.with_limits(
        Lane::Interactive,
        LaneLimits {
            runs: 4,
            per_tenant: 2,
        },
    );
    let worker = tokio::spawn(worker.run(std::future::pending()));
    bench.until_called("+cut", 2).await;

    let other = Bench {
        workshop: Arc::clone(&bench.workshop),
        ..Bench::new(bench.pool.clone())
    };
    let id = other.start().await;
    other.until_state(id, RunState::Succeeded).await;
    assert_eq!(bench.run(runs[2]).await.state, RunState::Queued);

    assert!(bench.cancel(runs[3]).await);
    bench.until_state(runs[3], RunState::Cancelled).await;
    worker.abort();
}
