//! Two transactions that meet at the worst moment: one of them is held back just before it writes.

use std::sync::Arc;

use saga::lock::Lock;
use saga::run::RunState;
use saga::saga::NewSaga;
use serde_json::json;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};

use crate::post_office::{Counter, Patience};
use crate::workshop::{Bench, until};

/// Holds back every change of a run that fits a condition, until it is lifted.
struct Barrier {
    pool: PgPool,
    held: PoolConnection<Postgres>,
}

impl Barrier {
    async fn before_change(pool: &PgPool, condition: &str) -> Self {
        let trigger = format!(
            "create function held_back() returns trigger language plpgsql as $$ begin \
             perform pg_advisory_xact_lock_shared(42); return new; end $$; \
             create trigger held_back before update on sagas for each row when ({condition}) \
             execute function held_back()"
        );
        sqlx::raw_sql(&trigger)
            .execute(pool)
            .await
            .expect("the barrier is built");
        let mut held = pool.acquire().await.expect("a connection");
        sqlx::query("select pg_advisory_lock(42)")
            .execute(&mut *held)
            .await
            .expect("it is down");
        let pool = pool.clone();
        Self { pool, held }
    }

    /// Waits until so many sessions wait for a lock, here or behind one that does.
    async fn until_waiting(&self, sessions: i64) {
        until(async || {
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity \
                 where datname = current_database() and wait_event_type = 'Lock'",
            )
            .fetch_one(&self.pool)
            .await
            .expect("readable");
            (waiting >= sessions).then_some(())
        })
        .await;
    }

    async fn lift(mut self) {
        sqlx::query("select pg_advisory_unlock(42)")
            .execute(&mut *self.held)
            .await
            .expect("it is lifted");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_signal_that_comes_while_the_run_is_being_parked_is_not_lost(pool: PgPool) {
    let counter = Arc::new(Counter::new(pool));
    let barrier = Barrier::before_change(&counter.bench.pool, "new.state = 'waiting'").await;
    let id = counter.start(Patience::default()).await;
    let worker = counter.spawn_worker();
    barrier.until_waiting(1).await;

    let sender = Arc::clone(&counter);
    let sent = tokio::spawn(async move { sender.signal(id, "letter", json!("Dear Ada")).await });
    until(async || {
        let waiting = sent.is_finished() || blocked_by_a_row(&counter.bench.pool).await;
        waiting.then_some(())
    })
    .await;
    barrier.lift().await;
    assert!(sent.await.expect("it is sent"));
    counter.bench.until_state(id, RunState::Succeeded).await;
    worker.abort();
}

async fn blocked_by_a_row(pool: &PgPool) -> bool {
    sqlx::query_scalar(
        "select exists (select from pg_stat_activity where datname = current_database() \
         and wait_event_type = 'Lock' and wait_event in ('transactionid', 'tuple'))",
    )
    .fetch_one(pool)
    .await
    .expect("readable")
}

#[sqlx::test(migrations = "../../migrations")]
async fn two_ends_at_once_do_not_overlook_the_run_that_waits_for_both(pool: PgPool) {
    let counter = Counter::new(pool);
    let bench: &Bench = &counter.bench;
    let lock = |name: &str| Lock::exclusive(format!("{name} {}", bench.subject)).or_wait();
    let start = async |locks: Vec<Lock>| {
        let new = NewSaga {
            locks,
            ..bench.new_saga()
        };
        counter
            .start_new::<crate::post_office::Correspond>(new, &Patience::default())
            .await
    };
    let left = start(vec![lock("left")]).await;
    let right = start(vec![lock("right")]).await;
    let both = start(vec![lock("left"), lock("right")]).await;
    for id in [left, right, both] {
        counter.signal(id, "letter", json!("Dear Ada")).await;
    }
    let still_waiting = "old.state = 'waiting' and new.state = 'waiting'";
    let barrier = Barrier::before_change(&bench.pool, still_waiting).await;
    let worker = counter.spawn_worker();
    barrier.until_waiting(2).await;
    barrier.lift().await;
    for id in [left, right, both] {
        bench.until_state(id, RunState::Succeeded).await;
    }
    worker.abort();
}
