//! What happens after a failure.

use saga::fault::Direction;
use saga::run::{RunState, StepState};
use saga::store;
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::workshop::{Bench, STEPS, Twist};

#[sqlx::test(migrations = "../../migrations")]
async fn a_failure_at_each_step_undoes_in_reverse_order(pool: PgPool) {
    for (index, step) in STEPS.into_iter().enumerate() {
        let bench = Bench::new(pool.clone());
        bench.workshop.twist(step, Direction::Forward, Twist::Fail);
        let id = bench.start().await;
        bench.run_until_idle().await;

        let run = bench.run(id).await;
        assert_eq!(run.state, RunState::Failed);
        assert_eq!(run.error, Some(format!("The {step} tool is blunt.")));
        assert!(run.finished_at.is_some());
        let begun = &STEPS[..=index];
        let forward = begun.iter().map(|step| format!("+{step}"));
        let back = begun.iter().rev().map(|step| format!("-{step}"));
        assert_eq!(
            bench.workshop.calls(),
            forward.chain(back).collect::<Vec<_>>()
        );
        assert!(bench.workshop.made().is_empty());
        let states = bench.step_states(id).await;
        assert!(
            states[..=index]
                .iter()
                .all(|state| *state == StepState::Undone),
            "{states:?}"
        );
        assert!(
            states[index + 1..]
                .iter()
                .all(|state| *state == StepState::Pending),
            "{states:?}"
        );
        assert_eq!(bench.steps(id).await[index].error, run.error);
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_step_that_never_recovers_fails_after_its_attempts(pool: PgPool) {
    const ATTEMPTS: usize = 18;
    let bench = Bench::new(pool);
    for _ in 0..ATTEMPTS {
        bench
            .workshop
            .twist("cut", Direction::Forward, Twist::Retry);
    }
    let id = bench.start().await;
    bench.run_until_idle().await;

    let run = bench.run(id).await;
    assert_eq!(run.state, RunState::Failed);
    let error = "A part of the platform did not answer as expected.";
    assert_eq!(run.error.as_deref(), Some(error));
    let mut calls = vec!["+cut"; ATTEMPTS];
    calls.push("-cut");
    assert_eq!(bench.workshop.calls(), calls);
    let log: Vec<_> = bench
        .log(id)
        .await
        .into_iter()
        .map(|row| row.line)
        .collect();
    assert!(log.len() < ATTEMPTS, "not every attempt is told: {log:?}");
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_outage_of_minutes_leaves_no_undo_stuck(pool: PgPool) {
    let bench = Bench::new(pool);
    bench
        .workshop
        .twist("glue", Direction::Forward, Twist::Fail);
    for _ in 0..100 {
        bench.workshop.twist("glue", Direction::Undo, Twist::Retry);
    }
    let id = bench.start().await;
    bench.run_until_idle().await;

    assert_eq!(bench.run(id).await.state, RunState::Failed);
    assert!(bench.workshop.made().is_empty());
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_undo_that_never_recovers_is_stuck_at_last(pool: PgPool) {
    let bench = Bench::new(pool);
    bench.workshop.twist("cut", Direction::Forward, Twist::Fail);
    for _ in 0..180 {
        bench.workshop.twist("cut", Direction::Undo, Twist::Retry);
    }
    let id = bench.start().await;
    bench.run_until_idle().await;

    assert_eq!(bench.run(id).await.state, RunState::Stuck);
}

#[sqlx::test(migrations = "../../migrations")]
async fn words_that_the_database_refuses_do_not_keep_a_failure_from_being_written(pool: PgPool) {
    let bench = Bench::new(pool);
    bench.workshop.twist(
        "glue",
        Direction::Forward,
        Twist::Say("The tube said bo\0om."),
    );
    let id = bench.start().await;
    bench.run_until_idle().await;

    let run = bench.run(id).await;
    assert_eq!(run.state, RunState::Failed);
    assert_eq!(run.error.as_deref(), Some("The tube said boom."));
    assert_eq!(bench.workshop.calls(), ["+cut", "+glue", "-glue", "-cut"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_panic_is_a_failure_of_the_step_and_not_of_the_worker(pool: PgPool) {
    let bench = Bench::new(pool);
    bench
        .workshop
        .twist("glue", Direction::Forward, Twist::Panic);
    let id = bench.start().await;
    bench.run_until_idle().await;

    let run = bench.run(id).await;
    assert_eq!(run.state, RunState::Failed);
    assert!(!run.error.expect("an error").contains("the tool broke"));
    assert!(bench.workshop.made().is_empty());
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_failed_undo_leaves_the_run_stuck_until_it_is_resumed(pool: PgPool) {
    let bench = Bench::new(pool);
    bench
        .workshop
        .twist("paint", Direction::Forward, Twist::Fail);
    bench.workshop.twist("glue", Direction::Undo, Twist::Fail);
    let id = bench.start().await;
    bench.run_until_idle().await;

    let run = bench.run(id).await;
    assert_eq!(run.state, RunState::Stuck);
    assert_eq!(run.finished_at, None);
    let error = "The paint tool is blunt. Undoing “Gluing” failed: The glue tool is blunt.";
    assert_eq!(run.error.as_deref(), Some(error));
    assert_eq!(
        bench.step_states(id).await,
        [StepState::Done, StepState::UndoFailed, StepState::Undone]
    );
    let mut db = bench.pool.acquire().await.expect("a connection");
    let open = store::unfinished_for(&mut db, bench.scope, bench.subject).await;
    assert_eq!(open.expect("readable").len(), 1);
    let at = OffsetDateTime::now_utc();
    assert!(
        !store::request_cancel(&mut db, bench.scope, id, at)
            .await
            .expect("asked")
    );

    assert!(
        store::resume_stuck(&mut db, bench.scope, id, at)
            .await
            .expect("asked")
    );
    drop(db);
    bench.run_until_idle().await;

    let run = bench.run(id).await;
    assert_eq!(run.state, RunState::Failed);
    assert_eq!(run.error.as_deref(), Some("The paint tool is blunt."));
    assert!(bench.workshop.made().is_empty());
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_undo_is_tried_again_too(pool: PgPool) {
    let bench = Bench::new(pool);
    bench
        .workshop
        .twist("glue", Direction::Forward, Twist::Fail);
    bench.workshop.twist("glue", Direction::Undo, Twist::Retry);
    let id = bench.start().await;
    bench.run_until_idle().await;

    assert_eq!(bench.run(id).await.state, RunState::Failed);
    assert_eq!(
        bench.workshop.calls(),
        ["+cut", "+glue", "-glue", "-glue", "-cut"]
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_run_whose_steps_are_no_longer_known_is_stuck(pool: PgPool) {
    let bench = Bench::new(pool);
    let id = bench.start().await;
    sqlx::query("update saga_steps set name = 'weld' where saga_id = $1 and name = 'glue'")
        .bind(id)
        .execute(&bench.pool)
        .await
        .expect("renamed");
    bench.run_until_idle().await;

    let run = bench.run(id).await;
    assert_eq!(run.state, RunState::Stuck);
    assert!(run.error.expect("an error").contains("other steps"));
    assert!(bench.workshop.calls().is_empty());
}
