//! Named locks: who has them, who waits, and in which order.

use std::sync::Arc;

use saga::error::StartError;
use saga::fault::Direction;
use saga::lock::Lock;
use saga::run::RunState;
use saga::saga::{NewSaga, SagaId};
use saga::store;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::workshop::{Bench, Craft, Order, Twist, until};

async fn start(bench: &Bench, title: &str, locks: Vec<Lock>) -> Result<SagaId, StartError> {
    let id = SagaId(Uuid::now_v7());
    let new = NewSaga {
        id,
        title: title.to_owned(),
        locks,
        ..bench.new_saga()
    };
    let order = Order {
        piece: title.to_owned(),
    };
    let mut tx = bench.pool.begin().await?;
    store::start::<Craft>(&mut tx, new, &order, OffsetDateTime::now_utc()).await?;
    tx.commit().await?;
    Ok(id)
}

fn shared(bench: &Bench) -> Vec<Lock> {
    vec![Lock::shared(bench.subject.to_string()).or_wait()]
}

fn exclusive(bench: &Bench) -> Vec<Lock> {
    vec![Lock::exclusive(bench.subject.to_string()).or_wait()]
}

async fn give_up_stuck(bench: &Bench) {
    let mut tx = bench.pool.begin().await.expect("a transaction");
    let at = OffsetDateTime::now_utc();
    store::give_up_stuck(&mut tx, bench.scope, &[bench.subject], at)
        .await
        .expect("it is given up");
    tx.commit().await.expect("it commits");
}

/// Has the next runs that begin wait until the gate is opened.
fn gate(bench: &Bench, runs: usize) -> Arc<Semaphore> {
    let gate = Arc::new(Semaphore::new(0));
    for _ in 0..runs {
        let wait = Twist::Wait(Arc::clone(&gate));
        bench.workshop.twist("cut", Direction::Forward, wait);
    }
    gate
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_shared_lock_lets_two_in_and_an_exclusive_one_waits_and_says_for_what(pool: PgPool) {
    let bench = Bench::new(pool);
    let gate = gate(&bench, 2);
    let first = start(&bench, "Back up Test", shared(&bench))
        .await
        .expect("starts");
    let second = start(&bench, "Back up again", shared(&bench))
        .await
        .expect("starts");
    let restore = start(&bench, "Restore Test", exclusive(&bench))
        .await
        .expect("starts");
    let worker = bench.spawn_worker();
    bench.until_called("+cut", 2).await;

    let waiting = bench.run(restore).await;
    assert_eq!(waiting.state, RunState::Waiting);
    assert_eq!(waiting.detail, "Waits for “Back up Test”.");
    assert!(waiting.is_parked() && waiting.heartbeat_at.is_none());

    gate.add_permits(2);
    for id in [first, second, restore] {
        bench.until_state(id, RunState::Succeeded).await;
    }
    assert_eq!(bench.run(restore).await.detail, "");
    worker.abort();
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_detail_names_whoever_is_in_the_way_now(pool: PgPool) {
    let bench = Bench::new(pool);
    bench.workshop.twist("cut", Direction::Forward, Twist::Fail);
    bench.workshop.twist("cut", Direction::Undo, Twist::Fail);
    start(&bench, "Back up Test", shared(&bench))
        .await
        .expect("starts");
    bench.run_until_idle().await;
    let gate = gate(&bench, 1);
    let second = start(&bench, "Back up again", shared(&bench))
        .await
        .expect("starts");
    let worker = bench.spawn_worker();
    bench.until_called("+cut", 2).await;
    let restore = start(&bench, "Restore Test", exclusive(&bench))
        .await
        .expect("starts");
    assert_eq!(bench.run(restore).await.detail, "Waits for “Back up Test”.");

    give_up_stuck(&bench).await;
    let waiting = bench.run(restore).await;
    assert_eq!(waiting.state, RunState::Waiting);
    assert_eq!(waiting.detail, "Waits for “Back up again”.");
    gate.add_permits(1);
    bench.until_state(second, RunState::Succeeded).await;
    bench.until_state(restore, RunState::Succeeded).await;
    worker.abort();
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_waiting_exclusive_run_is_not_passed_by_later_shared_ones(pool: PgPool) {
    let bench = Bench::new(pool);
    let gate = gate(&bench, 1);
    start(&bench, "first backup", shared(&bench))
        .await
        .expect("starts");
    let worker = bench.spawn_worker();
    bench.until_called("+cut", 1).await;

    let restore = start(&bench, "restore", exclusive(&bench))
        .await
        .expect("starts");
    let mut later = Vec::new();
    for number in 0..5 {
        let title = format!("later backup {number}");
        later.push(start(&bench, &title, shared(&bench)).await.expect("starts"));
    }
    for id in &later {
        let waiting = bench.run(*id).await;
        assert_eq!(waiting.detail, "Waits for “restore”.");
    }
    gate.add_permits(1);
    let restored = bench.until_state(restore, RunState::Succeeded).await;
    for id in later {
        let run = bench.until_state(id, RunState::Succeeded).await;
        let begun = bench.steps(id).await[0].started_at;
        assert!(begun >= restored.finished_at, "{}", run.title);
    }
    worker.abort();
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_run_that_does_not_wait_is_told_also_of_those_who_do(pool: PgPool) {
    let bench = Bench::new(pool);
    start(&bench, "backup", shared(&bench))
        .await
        .expect("starts");
    let restore = start(&bench, "restore", exclusive(&bench))
        .await
        .expect("starts");
    let impatient = vec![Lock::shared(bench.subject.to_string())];
    match start(&bench, "another backup", impatient).await {
        Err(StartError::Busy { other, title, .. }) => {
            assert_eq!((other, title.as_str()), (restore, "restore"));
        }
        other => panic!("expected the restore to be in the way, found {other:?}"),
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_run_that_is_cancelled_while_it_waits_lets_the_next_one_pass(pool: PgPool) {
    let bench = Bench::new(pool);
    let gate = gate(&bench, 1);
    start(&bench, "first backup", shared(&bench))
        .await
        .expect("starts");
    let worker = bench.spawn_worker();
    bench.until_called("+cut", 1).await;
    let restore = start(&bench, "restore", exclusive(&bench))
        .await
        .expect("starts");
    let second = start(&bench, "second backup", shared(&bench))
        .await
        .expect("starts");
    assert_eq!(bench.run(second).await.state, RunState::Waiting);

    assert!(bench.cancel(restore).await);
    bench.until_state(restore, RunState::Cancelled).await;
    bench.until_state(second, RunState::Succeeded).await;
    assert!(!bench.workshop.made().contains(&"cut restore".to_owned()));
    gate.add_permits(1);
    worker.abort();
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_stuck_run_keeps_those_waiting_until_it_is_given_up(pool: PgPool) {
    let bench = Bench::new(pool);
    bench.workshop.twist("cut", Direction::Forward, Twist::Fail);
    bench.workshop.twist("cut", Direction::Undo, Twist::Fail);
    start(&bench, "restore", exclusive(&bench))
        .await
        .expect("starts");
    bench.run_until_idle().await;
    let next = start(&bench, "backup", shared(&bench))
        .await
        .expect("starts");
    bench.run_until_idle().await;
    assert_eq!(bench.run(next).await.state, RunState::Waiting);

    give_up_stuck(&bench).await;
    bench.run_until_idle().await;
    assert_eq!(bench.run(next).await.state, RunState::Succeeded);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_run_waits_for_all_of_its_locks(pool: PgPool) {
    let bench = Bench::new(pool);
    let lock = |name: &str| Lock::exclusive(format!("{name} {}", bench.subject)).or_wait();
    let left = start(&bench, "left", vec![lock("left")])
        .await
        .expect("starts");
    let right = start(&bench, "right", vec![lock("right")])
        .await
        .expect("starts");
    let both = vec![lock("right"), lock("left")];
    let both = start(&bench, "both", both).await.expect("starts");
    let workers = [bench.spawn_worker(), bench.spawn_worker()];
    for id in [left, right, both] {
        bench.until_state(id, RunState::Succeeded).await;
    }
    let begun = bench.steps(both).await[0].started_at;
    for id in [left, right] {
        assert!(begun >= bench.run(id).await.finished_at);
    }
    for worker in workers {
        worker.abort();
    }
}

/// Starts and ends meet in every order; in the end nobody has been overlooked and nobody was beside an
/// exclusive run.
#[sqlx::test(migrations = "../../migrations")]
async fn many_starts_and_ends_at_once_overlook_nobody(pool: PgPool) {
    let bench = Arc::new(Bench::new(pool));
    let workers = [
        bench.spawn_worker(),
        bench.spawn_worker(),
        bench.spawn_worker(),
    ];
    let starts = (0..48).map(|number| {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move {
            let name = |number: i32| format!("{} {}", number % 3, bench.subject);
            let mut locks = vec![Lock::shared(name(number)).or_wait()];
            if number % 4 == 0 {
                locks = vec![
                    Lock::exclusive(name(number + 1)).or_wait(),
                    Lock::exclusive(name(number)).or_wait(),
                ];
            }
            start(&bench, &format!("run {number}"), locks).await
        })
    });
    for id in futures::future::join_all(starts).await {
        let id = id.expect("no panic").expect("it starts");
        bench.until_state(id, RunState::Succeeded).await;
    }
    for worker in workers {
        worker.abort();
    }
    let left: i64 = sqlx::query_scalar("select count(*) from saga_locks")
        .fetch_one(&bench.pool)
        .await
        .expect("countable");
    assert_eq!(left, 0);
}

#[sqlx::test(migrations = "../../migrations")]
async fn no_two_exclusive_runs_are_at_work_at_once(pool: PgPool) {
    let bench = Arc::new(Bench::new(pool));
    let workers = [bench.spawn_worker(), bench.spawn_worker()];
    let starts = (0..12).map(|number| {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { start(&bench, &number.to_string(), exclusive(&bench)).await })
    });
    let mut times = Vec::new();
    for id in futures::future::join_all(starts).await {
        let id = id.expect("no panic").expect("it starts");
        let run = bench.until_state(id, RunState::Succeeded).await;
        let begun = bench.steps(id).await[0].started_at;
        times.push((begun.expect("begun"), run.finished_at.expect("ended")));
    }
    times.sort();
    assert!(
        times.windows(2).all(|pair| pair[0].1 <= pair[1].0),
        "{times:?}"
    );
    for worker in workers {
        worker.abort();
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_worker_killed_with_a_lock_leaves_it_to_its_heir_and_the_next_run_follows(pool: PgPool) {
    let bench = Bench::new(pool);
    drop(gate(&bench, 1));
    let first = start(&bench, "restore", exclusive(&bench))
        .await
        .expect("starts");
    let next = start(&bench, "backup", shared(&bench))
        .await
        .expect("starts");
    let victim = bench.spawn_worker();
    bench.until_called("+cut", 1).await;
    victim.abort();
    assert!(victim.await.expect_err("it was killed").is_cancelled());
    assert_eq!(bench.run(next).await.state, RunState::Waiting);

    let heir = bench.spawn_worker();
    bench.until_state(first, RunState::Succeeded).await;
    bench.until_state(next, RunState::Succeeded).await;
    heir.abort();
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_start_that_is_rolled_back_leaves_no_lock(pool: PgPool) {
    let bench = Bench::new(pool);
    let new = NewSaga {
        locks: exclusive(&bench),
        ..bench.new_saga()
    };
    let order = Order {
        piece: "chair".to_owned(),
    };
    let mut tx = bench.pool.begin().await.expect("a transaction");
    store::start::<Craft>(&mut tx, new, &order, OffsetDateTime::now_utc())
        .await
        .expect("it starts");
    tx.rollback().await.expect("rolled back");
    let id = start(&bench, "next", exclusive(&bench))
        .await
        .expect("starts");
    assert_eq!(bench.run(id).await.state, RunState::Queued);
}

/// Takes a name for the transaction, as a start does.
async fn take(tx: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('saga_locks:' || $1, 0))")
        .bind(name)
        .execute(tx)
        .await?;
    Ok(())
}

/// Two stuck runs of one thing are given up while somebody starts with the locks of both.
#[sqlx::test(migrations = "../../migrations")]
async fn giving_up_takes_names_in_the_order_of_everybody(pool: PgPool) {
    let bench = Arc::new(Bench::new(pool));
    for name in ["b", "a"] {
        bench.workshop.twist("cut", Direction::Forward, Twist::Fail);
        bench.workshop.twist("cut", Direction::Undo, Twist::Fail);
        start(&bench, name, vec![Lock::exclusive(name)])
            .await
            .expect("starts");
        bench.run_until_idle().await;
    }
    let mut starting = bench.pool.begin().await.expect("begins");
    take(&mut starting, "a").await.expect("is free");
    let giving_up = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { give_up_stuck(&bench).await }
    });
    until(async || {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&bench.pool)
        .await
        .expect("readable");
        (waiting > 0).then_some(())
    })
    .await;
    take(&mut starting, "b").await.expect("nobody has it");
    starting.commit().await.expect("is done");
    giving_up.await.expect("they are given up");
}
