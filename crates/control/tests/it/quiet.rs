//! What environments cost in which nothing happens, and who is told when something does.

use crate::queries::Statements;
use crate::silent_engine::SilentEngine;
use crate::world::{Background, World, tasks, until};
use control::background::task::Task;
use control::ctx::Ctx;
use control::environments;
use control::live_updates::{self, Update};
use domain::topics::Topic;
use engine::memory::Behaviour;
use sqlx::PgPool;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Looks of the portal at its engine that are counted together.
const PASSES: usize = 8;

/// More environments, all of them in the engine.
async fn grow(pool: &PgPool, to: i64) {
    sqlx::query(
        "insert into environments (id, company_id, app_id, name, slug, host_label, position, desired, instances, memory_mib, provisioned, database_name, database_role, database_password, debugger_password, admin_password, created_at, updated_at)
         select gen_random_uuid(), a.company_id, a.id, 'E' || n, 'e' || n, 'shop-e' || n, 10 + n, 'stopped', 1, 1024, true, 'd', 'r', '', '', '', a.created_at, a.created_at from apps a, generate_series(3, $1) n",
    )
    .bind(to)
    .execute(pool)
    .await
    .expect("inserts");
}

/// The version of every row of environments: another one when it was written.
async fn versions(pool: &PgPool) -> Vec<(Uuid, String)> {
    sqlx::query_as("select id, xmin::text from environments order by id")
        .fetch_all(pool)
        .await
        .expect("reads")
}

/// Statements of a few looks at the engine, those of the operations' worker aside.
async fn statements_of_passes(engine: &SilentEngine, passes: usize) -> Vec<String> {
    let from = engine.asked();
    let passes = until(async || (engine.asked() >= from + passes).then_some(()));
    let ((), heard) = Statements::of(passes).await;
    heard
        .into_iter()
        .filter(|text| !text.contains("saga"))
        .collect()
}

/// The statements of `PASSES` looks, once as few as they become, with this many environments.
async fn quiet_cost(pool: &PgPool, environments: i64) -> usize {
    let (world, engine) = World::with_default(pool.clone(), SilentEngine::new);
    let (ada, _) = world.shop().await;
    grow(pool, environments).await;
    let _background = world.background();
    until(async || {
        let observed: i64 = sqlx::query_scalar("select count(observed_at) from environments")
            .fetch_one(pool)
            .await
            .expect("counts");
        (observed == environments).then_some(())
    })
    .await;
    // Each is handed over once more by a portal that has just started.
    let mut last = usize::MAX;
    for _ in 0..20 {
        let before = versions(pool).await;
        let statements = statements_of_passes(&engine, PASSES).await;
        let is_written = before != versions(pool).await;
        last = statements.len();
        if !is_written && last <= PASSES {
            break;
        }
    }
    assert!(
        last <= PASSES,
        "{environments} quiet environments cost {last} statements in {PASSES} looks"
    );
    assert!(
        is_fresh(&ada).await,
        "what does not change is as fresh as its engine"
    );
    last
}

async fn is_fresh(ada: &Ctx) -> bool {
    let shop = domain::names::Subdomain::parse("shop").expect("a subdomain");
    let page = environments::get(ada, &shop, "test")
        .await
        .expect("is there");
    page.observed_at.is_some_and(|at| page.read_at - at < 30)
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn ten_quiet_environments_cost_no_write(pool: PgPool) {
    quiet_cost(&pool, 10).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_thousand_quiet_environments_cost_no_write(pool: PgPool) {
    quiet_cost(&pool, 1000).await;
}

/// The engine is asked more often than once a second, the database less often.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_idle_portal_asks_its_database_less_than_once_a_second(pool: PgPool) {
    let (world, engine) = World::with_default(pool.clone(), SilentEngine::new);
    world.shop().await;
    let _background = world.background();
    statements_of_passes(&engine, PASSES).await;
    let looks = 30;
    let statements = statements_of_passes(&engine, looks).await;
    // 700 ms lie between two looks at least.
    assert!(
        statements.len() <= looks * 7 / 10,
        "{}: {statements:#?}",
        statements.len()
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_silent_engine_makes_what_it_told_grow_old(pool: PgPool) {
    let (world, engine) = World::with_default(pool.clone(), SilentEngine::new);
    let (ada, _) = world.shop().await;
    let background = world.background();
    until(async || is_fresh(&ada).await.then_some(())).await;
    engine.fall_silent();
    drop(background);
    // As if that had been a while ago.
    sqlx::query("update engines set seen_at = seen_at - interval '40 seconds'")
        .execute(&pool)
        .await
        .expect("updates");
    assert!(!is_fresh(&ada).await);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_detail_wakes_who_looks_at_its_environment_and_no_list(pool: PgPool) {
    let (world, engine) = World::with_default(pool.clone(), SilentEngine::new);
    world.shop().await;
    let out = live_updates::channel();
    let stop = CancellationToken::new();
    let listening: Task = live_updates::task(&pool, &out, &stop);
    let all = tasks(Arc::clone(&world.state))
        .following(&out)
        .with(listening);
    let mut told = out.subscribe();
    let _background = Background::of(all);
    let from = engine.asked();
    until(async || (engine.asked() >= from + PASSES).then_some(())).await;
    while told.try_recv().is_ok() {}

    // Every environment is at another stage now, and none has another number of instances.
    world.engine.turn(Behaviour::Slow);
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from environments")
        .fetch_all(&pool)
        .await
        .expect("reads");
    let mut heard = BTreeSet::new();
    while heard.len() < ids.len() {
        let Update::Changed { topics, .. } = told.recv().await.expect("is told") else {
            continue;
        };
        for topic in topics {
            assert!(!matches!(topic, Topic::Apps | Topic::App(_)), "{topic}");
            if let Topic::Environment(id) = topic {
                heard.insert(id.uuid());
            }
        }
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_change_whose_audience_is_not_known_is_made_good_by_its_company_alone(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, _) = world.shop().await;
    let out = live_updates::channel();
    let stop = CancellationToken::new();
    let mut told = out.subscribe();
    let listening: Task = live_updates::task(&pool, &out, &stop);
    let _background =
        Background::of(control::background::Background::new(world.state).with(listening));
    assert_eq!(told.recv().await, Ok(Update::Lagged));
    let tell = async || {
        sqlx::query(
            "select pg_notify('changes', json_build_object('scope', company_id, 'keys', json_build_array('app:' || id))::text) from apps",
        )
        .execute(&pool)
        .await
        .expect("is told");
    };
    let rename = async |statement: &'static str| {
        sqlx::query(statement).execute(&pool).await.expect("is so");
    };
    rename("alter table app_members rename to away").await;
    tell().await;
    assert_eq!(told.recv().await, Ok(Update::Lost(ada.company)));
    rename("alter table away rename to app_members").await;
    tell().await;
    let next = told.recv().await.expect("goes on");
    assert!(
        matches!(next, Update::Changed { company, .. } if company == ada.company),
        "{next:?}"
    );
    stop.cancel();
}
