//! What it costs to claim, and to keep what was claimed.

use std::sync::Arc;
use std::time::Duration;

use saga::clock;
use saga::fault::Direction;
use saga::run::RunState;
use saga::worker::{Timing, Worker};
use serde_json::Value;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use crate::workshop::{Bench, Twist, until};

/// What workers claim with.
const CLAIM: &str = include_str!("../../src/claim.sql");

/// Rows of `sagas` that the claim of one place reads. Nothing is changed.
async fn rows_read(pool: &PgPool) -> f64 {
    let mut tx = pool.begin().await.expect("begins");
    let now = OffsetDateTime::now_utc();
    let explain = format!("explain (analyze, format json) {CLAIM}");
    let plan: Value = sqlx::query_scalar(&explain)
        .bind(now)
        .bind(["craft"].as_slice())
        .bind([1_i16].as_slice())
        .bind(["interactive"].as_slice())
        .bind([128_i64].as_slice())
        .bind([16_i64].as_slice())
        .bind(now)
        .bind(now + Duration::from_secs(15))
        .fetch_one(&mut *tx)
        .await
        .expect("it is explained");
    read(&plan[0]["Plan"])
}

/// What the scans of `sagas` in a plan have read, with what their filters have thrown away.
fn read(node: &Value) -> f64 {
    let number = |name: &str| node[name].as_f64().unwrap_or_default();
    let own = if node["Relation Name"] == "sagas" && node["Node Type"] != "ModifyTable" {
        (number("Actual Rows") + number("Rows Removed by Filter")) * number("Actual Loops")
    } else {
        0.0
    };
    let below = node["Plans"].as_array().into_iter().flatten();
    own + below.map(read).sum::<f64>()
}

/// Makes many more runs like the one that there is.
async fn multiply(pool: &PgPool, by: i32) {
    sqlx::query(
        r"
        insert into sagas (
            id, name, version, lane, scope, subject_kind, subject, title, started_by_kind, started_by, params, state,
            next_run_at, next_step, interrupted_starts, failures, phase, percent, detail, fence, created_at, updated_at
        )
        select
            gen_random_uuid(), name, version, lane, scope, subject_kind, subject, title, started_by_kind, started_by,
            params, state, next_run_at + number * interval '1 ms', next_step, interrupted_starts, failures, phase, percent,
            detail, fence, created_at, updated_at
        from sagas, generate_series(1, $1) as number
        ",
    )
    .bind(by)
    .execute(pool)
    .await
    .expect("they are written");
    sqlx::raw_sql("update sagas set next_run_at = created_at; analyze sagas")
        .execute(pool)
        .await
        .expect("they are counted");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_claim_costs_the_same_however_much_one_tenant_has_waiting(pool: PgPool) {
    let bench = Bench::new(pool.clone());
    bench.start().await;
    multiply(&pool, 99).await;
    let few = rows_read(&pool).await;
    multiply(&pool, 99).await;
    let many = rows_read(&pool).await;
    println!("rows read by a claim: {few} where 100 runs wait, {many} where 10,000 do");
    assert!(many <= few + 200.0, "{few} rows, then {many}");
}

/// The tenant has as many at work as it may.
#[sqlx::test(migrations = "../../migrations")]
async fn a_claim_passes_by_what_waits_of_a_full_tenant(pool: PgPool) {
    let bench = Bench::new(pool.clone());
    bench.start().await;
    multiply(&pool, 9_999).await;
    sqlx::raw_sql(
        "update sagas set lease_until = now() + interval '1 hour' where id in (select id from sagas limit 16); analyze sagas",
    )
    .execute(&pool)
    .await
    .expect("they are held");
    let read = rows_read(&pool).await;
    println!("rows read by a claim where a full tenant has 9,984 waiting: {read}");
    assert!(read <= 200.0, "{read} rows");
}

/// The pool has one connection, and a step's own work has it.
#[sqlx::test(migrations = "../../migrations")]
async fn a_pool_without_a_free_connection_costs_no_lease(pool: PgPool) {
    let bench = Bench::new(pool.clone());
    let gate = Arc::new(Semaphore::new(0));
    bench
        .workshop
        .twist("cut", Direction::Forward, Twist::Wait(Arc::clone(&gate)));
    let id = bench.start().await;
    let options = (*pool.connect_options()).clone();
    let small = PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options);
    let timing = Timing {
        lease: Duration::from_secs(2),
        heartbeat: Duration::from_millis(100),
        poll: Duration::from_millis(20),
    };
    let worker = Worker::new(small.clone(), bench.registry(), clock::system(), timing);
    let worker = tokio::spawn(worker.run_until_idle());
    bench.until_called("+cut", 1).await;
    let taken = small.acquire().await.expect("the only one");

    let begun = bench.run(id).await.heartbeat_at.expect("a heartbeat");
    until(async || {
        let beat = bench.run(id).await.heartbeat_at.expect("a heartbeat");
        (beat - begun > Duration::from_secs(3)).then_some(())
    })
    .await;
    drop(taken);
    gate.add_permits(1);
    worker.await.expect("it ends").expect("it is answered");
    assert_eq!(bench.run(id).await.state, RunState::Succeeded);
    assert_eq!(bench.workshop.calls(), ["+cut", "+glue", "+paint"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn all_runs_of_a_worker_share_a_heartbeat(pool: PgPool) {
    let bench = Bench::new(pool.clone());
    let gate = Arc::new(Semaphore::new(0));
    let mut runs = Vec::new();
    for _ in 0..12 {
        let wait = Twist::Wait(Arc::clone(&gate));
        bench.workshop.twist("cut", Direction::Forward, wait);
        runs.push(bench.start().await);
    }
    let timing = Timing {
        lease: Duration::from_mins(1),
        heartbeat: Duration::from_millis(500),
        poll: Duration::from_hours(1),
    };
    let worker = Worker::new(pool.clone(), bench.registry(), clock::system(), timing);
    let worker = tokio::spawn(worker.run(std::future::pending()));
    bench.until_called("+cut", 12).await;
    let beats: Vec<OffsetDateTime> = until(async || {
        let beats: Vec<OffsetDateTime> =
            sqlx::query_scalar("select distinct heartbeat_at from sagas")
                .fetch_all(&pool)
                .await
                .expect("readable");
        (beats.len() == 1).then_some(beats)
    })
    .await;
    until(async || {
        let beat = bench.run(runs[0]).await.heartbeat_at.expect("a heartbeat");
        (beat - beats[0] > Duration::from_secs(3)).then_some(())
    })
    .await;
    let kept: Vec<OffsetDateTime> = sqlx::query_scalar("select distinct heartbeat_at from sagas")
        .fetch_all(&pool)
        .await
        .expect("readable");
    assert_eq!(
        kept.len(),
        1,
        "the runs have different heartbeats: {kept:?}"
    );
    worker.abort();
}
