//! At most one unfinished run has an exclusive key.

use std::sync::Arc;

use saga::error::StartError;
use saga::fault::Direction;
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
        exclusive: Some(format!("chair {}", bench.subject)),
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
    match refused {
        Err(StartError::Busy { other, title }) => {
            assert_eq!((other, title.as_str()), (id, expected));
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
        exclusive: Some(format!("chair {}", bench.subject)),
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
    assert_busy(
        start_exclusive(&bench, "Stop Shop").await,
        first,
        "Scale Shop",
    );
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
