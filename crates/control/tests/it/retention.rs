//! What is old goes away, a batch at a time; what lives, and what pages show, stays.

use crate::world::{World, until};
use control::environments;
use control::environments::desired_change::deploy;
use control::operations;
use control::retention::{Removed, sweep};
use domain::ids::OperationId;
use domain::states::OperationState;
use sqlx::PgPool;

/// Copies of what there is of a kind, two years old.
const OLD_OPERATIONS: &str = r"
with made as (
    insert into sagas (
        id, name, version, lane, scope, subject_kind, subject, title, started_by_kind, started_by, params, state,
        next_step, interrupted_starts, failures, phase, percent, detail, fence, created_at, updated_at, finished_at
    )
    select gen_random_uuid(), name, version, lane, scope, subject_kind, subject, title, started_by_kind, started_by,
        params, state, next_step, interrupted_starts, failures, phase, percent, detail, fence,
        now() - interval '2 years', now(), now() - interval '2 years'
    from (select * from sagas where name = 'environment_change' limit 1) one, generate_series(1, 10000)
    returning id
), steps as (
    insert into saga_steps (saga_id, position, name, title, state) select id, 0, 'a', 'A', 'done' from made
)
insert into saga_log (saga_id, seq, at, line) select id, 1, now(), 'something' from made
";
const OLD_DEPLOYMENTS: &str = r"
insert into deployments (id, company_id, environment_id, operation_id, package_label, started_by, outcome, created_at, updated_at)
select gen_random_uuid(), company_id, environment_id, gen_random_uuid(), 'Shop 0.1', started_by,
    case when number = 500 then 'running' else 'failed' end, now() - interval '2 years' + number * interval '1 s', now()
from (select * from deployments limit 1) one, generate_series(1, 10000) as number
";
const OLD_EVENTS: &str = r"
insert into environment_events (environment_id, company_id, sequence, at, kind, message)
select id, company_id, number, now() - interval '2 years', 'ready', 'Instance 0 is ready.'
from (select * from environments where slug = 'test') one, generate_series(1, 10000) as number
";
/// The latest ones, with numbers of their own.
const OLD_EVENTS_OF_THE_PORTAL: &str = r"
insert into environment_events (environment_id, company_id, source, sequence, at, kind, message)
select id, company_id, 'portal', number, now() - interval '2 years' + number * interval '1 s', 'disk_near', 'Its files take much.'
from (select * from environments where slug = 'test') one, generate_series(1, 8) as number
";

async fn run(world: &World, statement: &'static str) {
    sqlx::raw_sql(statement)
        .execute(&world.state.pool)
        .await
        .expect("is done");
}

async fn count(world: &World, what: &'static str) -> i64 {
    sqlx::query_scalar(what)
        .fetch_one(&world.state.pool)
        .await
        .expect("is counted")
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_is_old_goes_away_and_what_lives_or_is_shown_stays(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    world.deployed(&ada, &shop).await;
    run(&world, OLD_OPERATIONS).await;
    run(&world, OLD_DEPLOYMENTS).await;
    run(&world, OLD_EVENTS).await;
    run(&world, OLD_EVENTS_OF_THE_PORTAL).await;
    // One that is stuck since, and what was there before is older still.
    run(
        &world,
        "update sagas set state = 'stuck', finished_at = null where id = (select id from sagas where created_at < now() - interval '1 year' order by id limit 1)",
    )
    .await;
    run(
        &world,
        "update sagas set created_at = created_at - interval '3 years', finished_at = finished_at - interval '3 years' where created_at > now() - interval '1 year'",
    )
    .await;
    run(
        &world,
        "update deployments set created_at = created_at - interval '3 years' where outcome = 'succeeded'",
    )
    .await;

    let mut all = Removed::default();
    loop {
        let removed = sweep(&world.state).await.expect("sweeps");
        if removed == Removed::default() {
            break;
        }
        all.deployments += removed.deployments;
        all.operations += removed.operations;
        all.events += removed.events;
    }
    println!("{all:?}");
    // The last ten, the one under way, the last that succeeded; the last twenty.
    assert_eq!(count(&world, "select count(*) from deployments").await, 12);
    assert_eq!(
        count(&world, "select count(*) from environment_events").await,
        20
    );
    let of_the_portal = "select count(*) from environment_events where source = 'portal'";
    assert_eq!(count(&world, of_the_portal).await, 8);
    // The app's, the one that the deployment leads to, the one that is stuck, the last of the environment.
    assert_eq!(count(&world, "select count(*) from sagas").await, 4);
    assert_eq!(
        count(
            &world,
            "select count(*) from saga_log where saga_id not in (select id from sagas)"
        )
        .await,
        0
    );

    let test = environments::get(&ada, &shop, "test").await.expect("shows");
    assert_eq!((test.deployments.len(), test.events.len()), (10, 20));
    let succeeded: uuid::Uuid =
        sqlx::query_scalar("select operation_id from deployments where outcome = 'succeeded'")
            .fetch_one(&world.state.pool)
            .await
            .expect("is kept");
    let details = operations::get(&ada, OperationId::new(succeeded))
        .await
        .expect("is where the deployment leads to");
    assert_eq!(details.summary.state, OperationState::Succeeded);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_is_young_stays_and_operations_of_what_is_gone_go(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    world.deployed(&ada, &shop).await;
    assert_eq!(
        sweep(&world.state).await.expect("sweeps"),
        Removed::default()
    );
    control::apps::delete::delete(&ada, &shop, "Shop")
        .await
        .expect("starts");
    world.run_operations().await;
    run(
        &world,
        "update sagas set created_at = created_at - interval '2 years', finished_at = finished_at - interval '2 years'",
    )
    .await;
    let removed = sweep(&world.state).await.expect("sweeps");
    assert_eq!(removed.operations, 3);
    assert_eq!(count(&world, "select count(*) from sagas").await, 0);
    assert!(count(&world, "select count(*) from audit_events").await > 0);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_long_log_is_read_from_its_end(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    let package = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    let id = deploy(&ada, &shop, "test", package).await.expect("starts");
    sqlx::query("insert into saga_log (saga_id, seq, at, line) select $1, number, now(), 'line ' || number from generate_series(1, 10000) as number")
        .bind(id.uuid())
        .execute(&world.state.pool)
        .await
        .expect("is written");
    let details = operations::get(&ada, id).await.expect("is there");
    let lines: Vec<&str> = details
        .log
        .iter()
        .map(|entry| entry.line.as_str())
        .collect();
    assert_eq!((lines.len(), details.log_skipped), (500, 9_500));
    assert_eq!((lines[0], lines[499]), ("line 9501", "line 10000"));
    world.run_operations().await;
    let details = until(async || {
        let details = operations::get(&ada, id).await.expect("is there");
        details.summary.state.is_final().then_some(details)
    })
    .await;
    assert_eq!(details.log.len(), 500);
}
