//! Runs that wait without a worker: who wakes them, and what is never lost.

use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use saga::fault::{Direction, Fault, Faults, Point};
use saga::run::{Run, RunState, StepState};
use saga::saga::{SagaId, Subject};
use saga::store;
use saga::testing::{self, Scenario, Trial};
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::post_office::{Correspond, Counter, Office, Patience};

#[sqlx::test(migrations = "../../migrations")]
async fn a_waiting_step_parks_its_run_and_a_signal_wakes_it(pool: PgPool) {
    let counter = Counter::new(pool);
    let id = counter.start(Patience::default()).await;
    counter.run_until_idle().await;

    let parked = counter.run(id).await;
    assert_eq!(parked.state, RunState::Waiting);
    assert_eq!(parked.detail, "Waits for a letter.");
    assert_eq!(parked.waits_for.as_deref(), Some("letter"));
    assert!(parked.is_parked() && parked.wakes_at.is_none() && parked.finished_at.is_none());
    assert_eq!(counter.bench.step_states(id).await[1], StepState::Running);
    assert_eq!(counter.held().await, 0);

    assert!(counter.signal(id, "parcel", json!(1)).await);
    counter.run_until_idle().await;
    assert_eq!(counter.office.calls(), ["+write", "+answer"]);

    assert!(counter.signal(id, "letter", json!("Dear Ada")).await);
    assert_eq!(counter.state(id).await, RunState::Running);
    counter.run_until_idle().await;
    assert_eq!(counter.state(id).await, RunState::Succeeded);
    assert_eq!(counter.output(id, "file").await, Some(json!("Dear Ada")));
    assert_eq!(
        counter.office.calls(),
        ["+write", "+answer", "+answer", "+file"]
    );
    assert!(!counter.signal(id, "letter", json!("too late")).await);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_signal_is_heard_by_a_worker_at_work(pool: PgPool) {
    let counter = Counter::new(pool);
    let worker = counter.spawn_worker();
    let id = counter.start(Patience::default()).await;
    counter.bench.until_state(id, RunState::Waiting).await;
    counter.signal(id, "letter", json!("Dear Ada")).await;
    counter.bench.until_state(id, RunState::Succeeded).await;
    worker.abort();
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_signal_that_comes_before_the_step_is_found_by_it(pool: PgPool) {
    let counter = Counter::new(pool);
    let id = counter.start(Patience::default()).await;
    assert!(counter.signal(id, "letter", json!("first")).await);
    assert!(counter.signal(id, "letter", json!("second")).await);
    counter.run_until_idle().await;

    assert_eq!(counter.state(id).await, RunState::Succeeded);
    assert_eq!(counter.output(id, "answer").await, Some(json!("second")));
    assert_eq!(counter.office.calls(), ["+write", "+answer", "+file"]);
}

/// Whether the signal comes after the step's look at its signals and before its answer.
#[sqlx::test(migrations = "../../migrations")]
async fn a_signal_that_comes_while_the_step_makes_up_its_mind_is_not_lost(pool: PgPool) {
    let counter = Arc::new(Counter::new(pool));
    let id = counter.start(Patience::default()).await;
    let sender = Arc::clone(&counter);
    let meanwhile = move || {
        async move { assert!(sender.signal(id, "letter", json!("just now")).await) }.boxed()
    };
    *counter.office.meanwhile.lock().expect("not poisoned") = Some(Box::new(meanwhile));
    counter.run_until_idle().await;

    assert_eq!(counter.state(id).await, RunState::Succeeded);
    assert_eq!(counter.output(id, "answer").await, Some(json!("just now")));
    assert_eq!(
        counter.office.calls(),
        ["+write", "+answer", "+answer", "+file"]
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn signals_sent_from_all_sides_lose_no_wake_up(pool: PgPool) {
    let counter = Arc::new(Counter::new(pool));
    let worker = counter.spawn_worker();
    let mut runs = Vec::new();
    for _ in 0..40 {
        runs.push(counter.start(Patience::default()).await);
    }
    let senders = runs.iter().map(|id| {
        let (counter, id) = (Arc::clone(&counter), *id);
        tokio::spawn(async move { counter.signal(id, "letter", json!("Dear Ada")).await })
    });
    let given = futures::future::join_all(senders).await;
    assert!(given.into_iter().all(|given| given.expect("it is given")));
    for id in runs {
        counter.bench.until_state(id, RunState::Succeeded).await;
    }
    worker.abort();
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_clock_wakes_a_run_whose_time_has_come(pool: PgPool) {
    let (counter, id) = parked_for_a_while(pool).await;
    let parked = counter.run(id).await;
    assert_eq!(parked.state, RunState::Waiting);
    assert!(parked.wakes_at.is_some() && parked.waits_for.is_some());

    counter.run_until_idle_at(Duration::minutes(60)).await;
    assert_eq!(counter.office.calls(), ["+write", "+answer"]);
    counter.run_until_idle_at(Duration::minutes(91)).await;
    assert_eq!(counter.state(id).await, RunState::Succeeded);
    assert_eq!(counter.output(id, "answer").await, Some(json!("silence")));
}

#[sqlx::test(migrations = "../../migrations")]
async fn being_woken_often_is_no_failure(pool: PgPool) {
    let (counter, id) = parked_for_a_while(pool).await;
    for _ in 0..60 {
        look_again(&counter, id).await;
    }
    counter.signal(id, "letter", json!("at last")).await;
    counter.run_until_idle().await;
    assert_eq!(counter.state(id).await, RunState::Succeeded);
}

/// Every page of the tenant reads its operations anew at each word of a change.
#[sqlx::test(migrations = "../../migrations")]
async fn a_look_that_finds_nothing_new_changes_nothing_and_tells_nobody(pool: PgPool) {
    let (counter, id) = parked_for_a_while(pool).await;
    sqlx::query("update sagas set percent = 55 where id = $1")
        .bind(id)
        .execute(&counter.bench.pool)
        .await
        .expect("it is half done");
    let mut listener = PgListener::connect_with(&counter.bench.pool)
        .await
        .expect("a connection");
    listener.listen("changes").await.expect("listening");
    for _ in 0..3 {
        look_again(&counter, id).await;
    }
    sqlx::query("select pg_notify('changes', 'the looks are over')")
        .execute(&counter.bench.pool)
        .await
        .expect("told");
    let heard = listener.recv().await.expect("a notification");
    assert_eq!(heard.payload(), "the looks are over");
    let run = counter.run(id).await;
    assert_eq!(
        (run.percent, run.detail.as_str()),
        (55, "Waits for a letter.")
    );

    counter.signal(id, "letter", json!("Dear Ada")).await;
    listener.recv().await.expect("a word of the signal");
    counter.run_until_idle().await;
    listener.recv().await.expect("a word of the next step");
}

/// A run that waits for a letter, and for 90 minutes at most.
async fn parked_for_a_while(pool: PgPool) -> (Counter, SagaId) {
    let counter = Counter::new(pool);
    let patience = Patience {
        minutes: Some(90),
        ..Patience::default()
    };
    let id = counter.start(patience).await;
    counter.run_until_idle().await;
    (counter, id)
}

async fn look_again(counter: &Counter, id: SagaId) {
    sqlx::query("update sagas set next_run_at = created_at where id = $1")
        .bind(id)
        .execute(&counter.bench.pool)
        .await
        .expect("its time has come");
    counter.run_until_idle().await;
    assert_eq!(counter.state(id).await, RunState::Waiting);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_cancel_wakes_a_parked_run_and_undoes_it(pool: PgPool) {
    let counter = Counter::new(pool);
    let id = counter.start(Patience::default()).await;
    counter.run_until_idle().await;
    assert!(counter.bench.cancel(id).await);
    counter.run_until_idle().await;

    assert_eq!(counter.state(id).await, RunState::Cancelled);
    assert_eq!(
        counter.office.calls(),
        ["+write", "+answer", "-answer", "-write"]
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_cancel_that_comes_before_the_step_waits_is_not_lost(pool: PgPool) {
    let counter = Arc::new(Counter::new(pool));
    let id = counter.start(Patience::default()).await;
    let asker = Arc::clone(&counter);
    let meanwhile = move || async move { assert!(asker.bench.cancel(id).await) }.boxed();
    *counter.office.meanwhile.lock().expect("not poisoned") = Some(Box::new(meanwhile));
    counter.run_until_idle().await;
    assert_eq!(counter.state(id).await, RunState::Cancelled);
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_undo_may_wait_and_its_run_goes_on_unwinding(pool: PgPool) {
    let counter = Counter::new(pool);
    let patience = Patience {
        undo_waits: true,
        ..Patience::default()
    };
    let id = counter.start(patience).await;
    counter.run_until_idle().await;
    counter.bench.cancel(id).await;
    counter.run_until_idle().await;

    let parked = counter.run(id).await;
    assert_eq!(parked.state, RunState::Unwinding);
    assert!(parked.is_parked());
    assert_eq!(counter.held().await, 0);
    assert!(!counter.bench.cancel(id).await);

    counter.signal(id, "recalled", Value::Null).await;
    counter.run_until_idle().await;
    assert_eq!(counter.state(id).await, RunState::Cancelled);
    assert_eq!(
        counter.office.calls(),
        ["+write", "+answer", "-answer", "-answer", "-write"]
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_signal_to_a_thing_reaches_its_unfinished_runs_and_no_others(pool: PgPool) {
    let counter = Counter::new(pool.clone());
    let other = Counter::new(pool);
    let first = counter.start(Patience::default()).await;
    let second = counter.start(Patience::default()).await;
    let stranger = other.start(Patience::default()).await;
    counter.run_until_idle().await;
    other.run_until_idle().await;

    let give = async |scope: Uuid, kind: &str| {
        let mut tx = counter.bench.pool.begin().await.expect("a transaction");
        let subject = Subject::new(kind, counter.bench.subject);
        let (value, at) = (json!("to all"), OffsetDateTime::now_utc());
        let given = store::signal_subject(&mut tx, scope, &subject, "letter", &value, at).await;
        tx.commit().await.expect("it commits");
        given.expect("it can be given")
    };
    assert_eq!(give(counter.bench.scope, "table").await, 0);
    assert_eq!(give(other.bench.scope, "chair").await, 0);
    assert_eq!(give(counter.bench.scope, "chair").await, 2);
    counter.run_until_idle().await;
    for id in [first, second] {
        assert_eq!(counter.state(id).await, RunState::Succeeded);
    }
    assert_eq!(other.state(stranger).await, RunState::Waiting);
    assert!(!counter.signal(stranger, "letter", json!(1)).await);
}

/// Ends the worker when the step has answered that it waits, before that is written down.
struct DeadlyAnswer;

impl Faults for DeadlyAnswer {
    fn before(&self, _: Point<'_>) -> Fault {
        Fault::None
    }

    fn after(&self, point: Point<'_>) -> Fault {
        let deadly = point.step == "answer" && point.direction == Direction::Forward;
        if deadly { Fault::Die } else { Fault::None }
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_worker_killed_while_it_parks_a_run_is_replaced(pool: PgPool) {
    let counter = Counter::new(pool);
    let id = counter.start(Patience::default()).await;
    let registry = counter.registry().with_faults(Arc::new(DeadlyAnswer));
    saga::worker::run_until_idle(&counter.bench.pool, registry)
        .await
        .expect("the database answers");
    assert_eq!(counter.state(id).await, RunState::Running);

    counter.signal(id, "letter", json!("for the heir")).await;
    counter.run_until_idle_at(Duration::HOUR).await;
    assert_eq!(counter.state(id).await, RunState::Succeeded);
    assert_eq!(
        counter.output(id, "file").await,
        Some(json!("for the heir"))
    );
}

/// Corresponds on trial; with a deadline the clock wakes it, without one the scenario does.
struct Corresponding {
    pool: PgPool,
    patience: Patience,
}

#[async_trait]
impl Scenario for Corresponding {
    type Saga = Correspond;

    async fn start(&self) -> Trial<Correspond> {
        let counter = Counter::new(self.pool.clone());
        Trial {
            id: counter.start(self.patience.clone()).await,
            scope: counter.bench.scope,
            context: counter.office,
        }
    }

    async fn wake(&self, trial: &Trial<Correspond>, parked: &Run) {
        if self.patience.minutes.is_some() {
            return;
        }
        let name = parked.waits_for.as_deref().expect("it waits for a signal");
        let mut tx = self.pool.begin().await.expect("a transaction");
        let (value, at) = (json!("Dear Ada"), OffsetDateTime::now_utc());
        store::signal(&mut tx, trial.scope, trial.id, name, &value, at)
            .await
            .expect("it can be given");
        tx.commit().await.expect("it commits");
    }

    async fn complete(&self, trial: &Trial<Correspond>) -> Result<(), String> {
        balance(&trial.context, trial.id, 1)
    }

    async fn clean(&self, trial: &Trial<Correspond>) -> Result<(), String> {
        balance(&trial.context, trial.id, 0)
    }
}

/// Whether what was written last is there, or torn up.
fn balance(office: &Office, id: SagaId, expected: usize) -> Result<(), String> {
    let calls = office.calls();
    let last = calls.iter().rfind(|call| call.ends_with("write"));
    let there = usize::from(last.is_some_and(|call| call == "+write"));
    if there == expected {
        Ok(())
    } else {
        Err(format!("{id}: {calls:?}"))
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_saga_that_is_woken_by_signals_passes_the_three_checks(pool: PgPool) {
    let scenario = Corresponding {
        pool: pool.clone(),
        patience: Patience {
            minutes: None,
            undo_waits: true,
        },
    };
    testing::steps_are_idempotent(&pool, &scenario).await;
    testing::every_failure_unwinds(&pool, &scenario).await;
    testing::every_kill_resumes(&pool, &scenario).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_saga_that_is_woken_by_the_clock_passes_the_three_checks(pool: PgPool) {
    let scenario = Corresponding {
        pool: pool.clone(),
        patience: Patience {
            minutes: Some(60 * 24 * 30),
            undo_waits: false,
        },
    };
    testing::steps_are_idempotent(&pool, &scenario).await;
    testing::every_failure_unwinds(&pool, &scenario).await;
    testing::every_kill_resumes(&pool, &scenario).await;
}
