//! At most one unfinished run has an exclusive lock.

use std::sync::Arc;

use saga::error::StartError;
use saga::fault::Direction;
use saga::lock::Lock;
use saga::run::RunState;
use saga::saga::{NewSaga, SagaId};
use saga::store;
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::workshop::{Bench, Craft, Order, Twist};

async fn start_exclusive(bench: &Bench, title: &str) -> Result<SagaId, StartError> {
    let id = SagaId(Uuid::now_v7());
    let new = NewSaga {
        id,
        title: title.to_owned(),
        locks: vec![Lock::exclusive(format!("chair {}", bench.subject))],
        ..bench.new_saga()
    };
    let mut tx = bench.pool.begin().await?;
    let order = Order {
        piece: "chair".to_owned(),
    };
    store::start::<Craft>(&mut tx, new, &order, OffsetDateTime::now_utc()).await?;
    tx.commit().await?;
    Ok(id)
}

fn assert_busy(refused: Result<SagaId, StartError>, id: SagaId, expected: &str) {
    assert_in_the_way(refused, id, expected, false);
}

fn assert_in_the_way(
    refused: Result<SagaId, StartError>,
    id: SagaId,
    expected: &str,
    expected_stuck: bool,
) {
    match refused {
        Err(StartError::Busy {
            other,
            title,
            stuck,
        }) => {
            assert_eq!(
                (other, title.as_str(), stuck),
                (id, expected, expected_stuck)
            );
        }
        other => panic!("expected the run to be in the way, found {other:?}"),
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_second_start_is_told_which_run_is_in_the_way(pool: PgPool) {
    let bench = Bench::new(pool);
    let first = start_exclusive(&bench, "Scale Shop")
        .await
        .expect("it starts");
    assert_busy(
        start_exclusive(&bench, "Stop Shop").await,
        first,
        "Scale Shop",
    );

    bench.run_until_idle().await;
    start_exclusive(&bench, "Stop Shop")
        .await
        .expect("the key is free again");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_refused_start_leaves_the_callers_transaction_usable(pool: PgPool) {
    let bench = Bench::new(pool);
    let first = start_exclusive(&bench, "Scale Shop")
        .await
        .expect("it starts");
    let new = NewSaga {
        locks: vec![Lock::exclusive(format!("chair {}", bench.subject))],
        ..bench.new_saga()
    };
    let mut tx = bench.pool.begin().await.expect("a transaction");
    let order = Order {
        piece: "chair".to_owned(),
    };
    let refused = store::start::<Craft>(&mut tx, new, &order, OffsetDateTime::now_utc()).await;
    assert_busy(refused.map(|()| first), first, "Scale Shop");
    assert!(
        store::get(&mut tx, bench.scope, first)
            .await
            .expect("readable")
            .is_some()
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_stuck_run_keeps_its_key(pool: PgPool) {
    let bench = Bench::new(pool);
    bench.workshop.twist("cut", Direction::Forward, Twist::Fail);
    bench.workshop.twist("cut", Direction::Undo, Twist::Fail);
    let first = start_exclusive(&bench, "Scale Shop")
        .await
        .expect("it starts");
    bench.run_until_idle().await;
    assert_in_the_way(
        start_exclusive(&bench, "Stop Shop").await,
        first,
        "Scale Shop",
        true,
    );
    let mut db = bench.pool.acquire().await.expect("a connection");
    let at = OffsetDateTime::now_utc();
    store::give_up_stuck(&mut db, Uuid::now_v7(), &[bench.subject], at)
        .await
        .expect("a stranger is heard");
    assert_eq!(bench.run(first).await.state, RunState::Stuck);
    store::give_up_stuck(&mut db, bench.scope, &[bench.subject], at)
        .await
        .expect("it is given up");
    drop(db);
    let run = bench.run(first).await;
    assert_eq!(
        (run.state, run.finished_at.is_some()),
        (RunState::Failed, true)
    );
    start_exclusive(&bench, "Stop Shop")
        .await
        .expect("the key is free");
}

#[sqlx::test(migrations = "../../migrations")]
async fn of_many_starts_at_once_one_wins(pool: PgPool) {
    let bench = Arc::new(Bench::new(pool));
    let starts = (0..8).map(|number| {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { start_exclusive(&bench, &format!("Start {number}")).await })
    });
    let answers = futures::future::join_all(starts).await;
    let won = answers
        .iter()
        .filter(|answer| matches!(answer, Ok(Ok(_))))
        .count();
    let busy = answers
        .iter()
        .filter(|answer| matches!(answer, Ok(Err(StartError::Busy { .. }))))
        .count();
    assert_eq!((won, busy), (1, 7), "{answers:?}");
}
