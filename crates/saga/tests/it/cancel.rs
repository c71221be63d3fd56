//! A cancel is a request: when it is acknowledged, and when it is not.

use std::sync::Arc;

use saga::fault::Direction;
use saga::run::RunState;
use sqlx::PgPool;
use tokio::sync::Semaphore;

use crate::workshop::{Bench, Twist};

#[sqlx::test(migrations = "../../migrations")]
async fn a_cancel_is_acknowledged_between_steps(pool: PgPool) {
    let bench = Bench::new(pool);
    let forward = Arc::new(Semaphore::new(0));
    let back = Arc::new(Semaphore::new(0));
    bench.workshop.twist(
        "glue",
        Direction::Forward,
        Twist::Wait(Arc::clone(&forward)),
    );
    bench
        .workshop
        .twist("glue", Direction::Undo, Twist::Wait(Arc::clone(&back)));
    let id = bench.start().await;
    let worker = bench.spawn_worker();
    bench.until_called("+glue", 1).await;

    assert!(bench.cancel(id).await);
    let asked = bench.run(id).await;
    assert_eq!(
        (asked.state, asked.cancel_requested),
        (RunState::Running, true)
    );

    forward.add_permits(1);
    bench.until_called("-glue", 1).await;
    let unwinding = bench.run(id).await;
    assert_eq!(unwinding.state, RunState::Unwinding);
    assert_eq!(unwinding.phase, "Undoing: Gluing");
    assert!(!bench.cancel(id).await);

    back.add_permits(1);
    let run = bench.until_state(id, RunState::Cancelled).await;
    worker.abort();
    assert_eq!(run.error, None);
    assert_eq!(bench.workshop.calls(), ["+cut", "+glue", "-glue", "-cut"]);
    assert!(bench.workshop.made().is_empty());
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_run_that_was_never_begun_takes_back_what_was_written_with_it(pool: PgPool) {
    let bench = Bench::new(pool);
    let id = bench.start().await;
    assert!(bench.cancel(id).await);
    bench.run_until_idle().await;

    assert_eq!(bench.run(id).await.state, RunState::Cancelled);
    assert_eq!(bench.workshop.calls(), ["-cut"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_run_past_its_last_step_ignores_a_cancel(pool: PgPool) {
    let bench = Bench::new(pool);
    let gate = Arc::new(Semaphore::new(0));
    bench
        .workshop
        .twist("paint", Direction::Forward, Twist::Wait(Arc::clone(&gate)));
    let id = bench.start().await;
    let worker = bench.spawn_worker();
    bench.until_called("+paint", 1).await;
    assert!(bench.cancel(id).await);
    gate.add_permits(1);

    let run = bench.until_state(id, RunState::Succeeded).await;
    worker.abort();
    assert!(run.cancel_requested);
    assert!(!bench.cancel(id).await);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_long_step_may_acknowledge_a_cancel_itself(pool: PgPool) {
    let bench = Bench::new(pool);
    bench
        .workshop
        .twist("paint", Direction::Forward, Twist::UntilCancelled);
    let id = bench.start().await;
    let worker = bench.spawn_worker();
    bench.until_called("+paint", 1).await;
    assert!(bench.cancel(id).await);

    let run = bench.until_state(id, RunState::Cancelled).await;
    worker.abort();
    assert_eq!(run.error, None);
    assert!(bench.workshop.made().is_empty());
}
