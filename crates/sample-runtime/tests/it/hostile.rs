//! Attacks that a hostile package offers, and that no other package does.

use crate::instance::{Instance, configuration};
use axum::http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

#[sqlx::test(migrations = false)]
async fn attacks_are_offered_by_a_hostile_package_alone(pool: PgPool) {
    let usual = Instance::launch(0, |_| {});
    usual.start(configuration(&pool)).await.expect("a start");
    let (status, _) = usual.post("/api/hostile/files?amount=1").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[sqlx::test(migrations = false)]
async fn every_attack_tells_how_far_it_came(pool: PgPool) {
    let hostile = Instance::launch(0, |metadata| {
        metadata["Configuration"]["SampleRuntime"]["Hostile"] = json!(true);
    });
    hostile.start(configuration(&pool)).await.expect("a start");
    for (attack, amount) in [
        ("files", 3 << 20),
        ("log", 1 << 20),
        ("log-without-ends", 1 << 20),
        ("memory", 1 << 20),
        ("rows", 2 << 20),
        ("warnings", 1 << 20),
        ("notifications", 2 << 20),
        ("locks", 10),
        ("connections", 2),
    ] {
        let (status, outcome) = hostile
            .post(&format!("/api/hostile/{attack}?amount={amount}"))
            .await;
        assert_eq!(status, StatusCode::OK, "{attack}: {outcome}");
        assert_eq!(outcome["done"], amount, "{attack}: {outcome}");
        assert_eq!(outcome["stopped_by"], Value::Null, "{attack}: {outcome}");
    }
    let rows: i64 = sqlx::query_scalar("select sum(length(content))::bigint from hostile")
        .fetch_one(&pool)
        .await
        .expect("the rows");
    assert_eq!(rows, 2 << 20);
    let files = std::fs::read_dir(hostile.folder.path().join("data/files")).expect("the bucket");
    let sizes: Vec<u64> = files
        .map(|it| it.expect("an entry").metadata().expect("its size").len())
        .collect();
    assert_eq!(sizes, [3 << 20]);
}

#[sqlx::test(migrations = false)]
async fn a_failing_start_explains_itself_at_length(pool: PgPool) {
    let failing = Instance::launch(0, |metadata| {
        let behaviour = &mut metadata["Configuration"]["SampleRuntime"];
        behaviour["FailStart"] = json!(true);
        behaviour["FailTextBytes"] = json!(100_000);
    });
    let told = failing.start(configuration(&pool)).await;
    assert!(told.is_err(), "the start fails");
}
