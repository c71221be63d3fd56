//! From the start to success: what is written, what is heard, what is tried again.

use saga::fault::Direction;
use saga::run::{Filter, Position, RunState, StepState};
use saga::saga::SagaId;
use saga::store;
use serde_json::Value;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::workshop::{Bench, Craft, Order, Twist};

#[sqlx::test(migrations = "../../migrations")]
async fn a_run_goes_through_its_steps_and_succeeds(pool: PgPool) {
    let bench = Bench::new(pool);
    let id = bench.start().await;

    let queued = bench.run(id).await;
    assert_eq!(queued.state, RunState::Queued);
    assert_eq!(queued.heartbeat_at, None);
    assert_eq!(bench.step_states(id).await, [StepState::Pending; 3]);

    bench.run_until_idle().await;

    let run = bench.run(id).await;
    assert_eq!(
        (run.state, run.percent, run.error),
        (RunState::Succeeded, 100, None)
    );
    assert_eq!(
        (run.title.as_str(), run.started_by.as_str()),
        ("Craft a chair", "Ada")
    );
    assert!(run.finished_at.is_some() && run.heartbeat_at.is_some());
    assert_eq!(bench.step_states(id).await, [StepState::Done; 3]);
    assert_eq!(bench.workshop.calls(), ["+cut", "+glue", "+paint"]);
    assert_eq!(
        bench.workshop.made(),
        ["cut chair", "glue chair", "paint chair"]
    );
    let lines: Vec<_> = bench
        .log(id)
        .await
        .into_iter()
        .map(|row| (row.seq, row.line))
        .collect();
    let expected = [(1, "cut made"), (2, "glue made"), (3, "paint made")];
    assert_eq!(lines, expected.map(|(seq, line)| (seq, line.to_owned())));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_step_sees_what_the_steps_before_answered(pool: PgPool) {
    let bench = Bench::new(pool);
    let id = bench.start().await;
    bench.run_until_idle().await;

    let output: Value =
        sqlx::query_scalar("select output from saga_steps where saga_id = $1 and name = 'glue'")
            .bind(id)
            .fetch_one(&bench.pool)
            .await
            .expect("the step is there");
    assert_eq!(output, "glue after cut after ");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_step_that_asks_for_it_is_tried_again_after_a_back_off(pool: PgPool) {
    let bench = Bench::new(pool);
    for _ in 0..2 {
        bench
            .workshop
            .twist("glue", Direction::Forward, Twist::Retry);
    }
    let id = bench.start().await;
    let worker = bench.spawn_worker();

    let run = bench.until_state(id, RunState::Succeeded).await;
    worker.abort();

    assert_eq!(run.error, None);
    assert_eq!(
        bench.workshop.calls(),
        ["+cut", "+glue", "+glue", "+glue", "+paint"]
    );
    let log = bench.log(id).await;
    assert_eq!(
        log.iter()
            .filter(|row| row.line.contains("tried again"))
            .count(),
        2
    );
    assert!(log.iter().all(|row| !row.line.contains("secret cause")));
    assert!(
        bench
            .steps(id)
            .await
            .iter()
            .all(|step| step.error.is_none())
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_waiting_run_is_held_by_nobody_and_says_why_it_waits(pool: PgPool) {
    let bench = Bench::new(pool);
    bench
        .workshop
        .twist("glue", Direction::Forward, Twist::Retry);
    let id = bench.start().await;
    sqlx::raw_sql(
        "create function held() returns trigger language plpgsql as $$ begin \
         if new.failures = 1 then new.next_run_at := new.next_run_at + interval '1 hour'; end if; \
         return new; end $$; \
         create trigger held before update on sagas for each row execute function held()",
    )
    .execute(&bench.pool)
    .await
    .expect("the back-off is made long");
    let worker = bench.spawn_worker();

    crate::workshop::until(async || {
        bench
            .run(id)
            .await
            .detail
            .contains("Attempt 2")
            .then_some(())
    })
    .await;
    worker.abort();

    let held: Option<OffsetDateTime> =
        sqlx::query_scalar("select lease_until from sagas where id = $1")
            .bind(id)
            .fetch_one(&bench.pool)
            .await
            .expect("the run is there");
    assert_eq!(held, None);
    assert_eq!(bench.step_states(id).await[1], StepState::Pending);
    assert_eq!(bench.run(id).await.state, RunState::Running);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_start_that_is_rolled_back_leaves_nothing(pool: PgPool) {
    let bench = Bench::new(pool);
    let new = bench.new_saga();
    let id = new.id;
    let mut tx = bench.pool.begin().await.expect("a transaction");
    let order = Order {
        piece: "chair".to_owned(),
    };
    store::start::<Craft>(&mut tx, new, &order, OffsetDateTime::now_utc())
        .await
        .expect("started");
    tx.rollback().await.expect("rolled back");

    bench.run_until_idle().await;

    let mut db = bench.pool.acquire().await.expect("a connection");
    assert!(
        store::get(&mut db, bench.scope, id)
            .await
            .expect("readable")
            .is_none()
    );
    assert!(bench.workshop.calls().is_empty());
    let rows: i64 = sqlx::query_scalar("select count(*) from saga_steps")
        .fetch_one(&bench.pool)
        .await
        .expect("countable");
    assert_eq!(rows, 0);
}

#[sqlx::test(migrations = "../../migrations")]
async fn every_visible_change_is_announced(pool: PgPool) {
    let bench = Bench::new(pool);
    let mut listener = PgListener::connect_with(&bench.pool)
        .await
        .expect("a connection");
    listener.listen("changes").await.expect("listening");
    let id = bench.start().await;

    let heard = listener.recv().await.expect("a notification");
    let change: Value = serde_json::from_str(heard.payload()).expect("JSON");
    assert_eq!(change["scope"], bench.scope.to_string());
    let keys = [
        format!("operation:{id}"),
        "operations".to_owned(),
        format!("subject:{}", bench.subject),
    ];
    assert_eq!(change["keys"], serde_json::json!(keys));

    bench.run_until_idle().await;
    listener.recv().await.expect("another notification");
}

#[sqlx::test(migrations = "../../migrations")]
async fn another_tenant_sees_and_changes_nothing(pool: PgPool) {
    let bench = Bench::new(pool);
    let id = bench.start().await;
    let stranger = Uuid::new_v4();
    let at = OffsetDateTime::now_utc();
    let mut db = bench.pool.acquire().await.expect("a connection");

    assert!(
        store::get(&mut db, stranger, id)
            .await
            .expect("readable")
            .is_none()
    );
    let all = store::list(&mut db, stranger, Filter::default(), None, 10).await;
    assert!(all.expect("readable").is_empty());
    assert!(
        store::steps(&mut db, stranger, id)
            .await
            .expect("readable")
            .is_empty()
    );
    assert!(
        !store::request_cancel(&mut db, stranger, id, at)
            .await
            .expect("asked")
    );
    assert!(
        !store::resume_stuck(&mut db, stranger, id, at)
            .await
            .expect("asked")
    );
    drop(db);
    bench.run_until_idle().await;
    let mut db = bench.pool.acquire().await.expect("a connection");
    assert!(
        saga::run_log::lines(&mut db, stranger, id, 0, i64::MAX)
            .await
            .expect("readable")
            .is_empty()
    );
    assert!(
        store::unfinished_for(&mut db, stranger, bench.subject)
            .await
            .expect("readable")
            .is_empty()
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn lists_are_paged_newest_first_and_filtered(pool: PgPool) {
    let bench = Bench::new(pool);
    let mut ids: Vec<SagaId> = Vec::new();
    for _ in 0..5 {
        ids.push(bench.start().await);
    }
    ids.reverse();
    bench.cancel(ids[0]).await;
    bench.run_until_idle().await;
    let open = bench.start().await;
    ids.insert(0, open);

    let mut db = bench.pool.acquire().await.expect("a connection");
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store::list(&mut db, bench.scope, Filter::default(), after, 4).await;
        let page = page.expect("readable");
        let Some(last) = page.last() else { break };
        after = Some(Position {
            created_at: last.created_at,
            id: last.id,
        });
        seen.extend(page.iter().map(|run| run.id));
    }
    assert_eq!(seen, ids);

    let unfinished = store::unfinished_for(&mut db, bench.scope, bench.subject).await;
    assert_eq!(
        unfinished
            .expect("readable")
            .iter()
            .map(|run| run.id)
            .collect::<Vec<_>>(),
        [open]
    );
    let elsewhere = Filter {
        subject: Some(Uuid::new_v4()),
        unfinished_only: false,
    };
    let none = store::list(&mut db, bench.scope, elsewhere, None, 10)
        .await
        .expect("readable");
    assert!(none.is_empty());
}
