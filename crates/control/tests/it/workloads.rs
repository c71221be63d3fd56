//! Tests of what makes wanted and actual meet, on its own.

use crate::world::{World, until};
use control::environments::{self, desired_change::deploy};
use control::objects::Objects;
use control::packages::inspections::Inspections;
use control::resources::engines::Engines;
use control::secrets::Secrets;
use control::state::State;
use engine::Engine;
use engine::memory::BROKEN;
use sqlx::PgPool;
use std::sync::Arc;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_one_runtime_says_keeps_no_other_environment_from_being_observed(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let broken = world
        .upload(&ada, &shop, &format!("1.0.0-{BROKEN}"))
        .await
        .expect("is kept");
    sqlx::query(
        "update environments set package_id = $1, revision = revision + 1 where slug = 'test'",
    )
    .bind(broken.uuid())
    .execute(&pool)
    .await
    .expect("is wanted");
    let _background = world.background();

    for (slug, reason) in [
        ("test", Some("Instance 0 never answered.")),
        ("production", None),
    ] {
        until(async || {
            let told: Option<Option<String>> = sqlx::query_scalar(
                "select observation->'rollout'->>'reason' from environments where slug = $1 and observation is not null",
            )
            .bind(slug)
            .fetch_optional(&pool)
            .await
            .expect("reads");
            (told?.as_deref() == reason).then_some(())
        })
        .await;
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn another_configuration_reaches_what_runs(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let package = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    deploy(&ada, &shop, "test", package).await.expect("starts");
    world.run_operations().await;
    let id = environments::get(&ada, &shop, "test")
        .await
        .expect("is there")
        .id;
    let mut config = world.state.config.clone();
    "apps.example.com".clone_into(&mut config.apps.domain);
    let objects = world.folder.path().join("objects");
    let moved = State {
        pool,
        engines: Engines::new(
            world.engine.clone(),
            Box::new(|_| unreachable!("one engine")),
        ),
        config,
        clock: Arc::clone(&world.state.clock),
        secrets: Secrets::new(&[3; 32]),
        objects: Objects::in_folder(objects).expect("a store"),
        inspections: Inspections::default(),
    };

    let _background = crate::world::background(Arc::new(moved));
    until(async || {
        let workload = world.engine.workload(id)?;
        (workload.hosts == ["shop-test.apps.example.com"]).then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_engine_that_is_ahead_of_a_restored_database_takes_changes_again(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let id = environments::get(&ada, &shop, "test")
        .await
        .expect("is there")
        .id;
    let mut ahead = world.engine.workload(id).expect("the engine has it");
    ahead.revision = 12;
    world.engine.apply(&ahead).await.expect("is taken");

    let _background = world.background();
    until(async || (world.engine.workload(id)?.revision > 12).then_some(())).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_is_told_of_a_region_that_the_engine_serves_no_more_is_not_kept_fresh_by_it(
    pool: PgPool,
) {
    let world = World::new(pool.clone());
    world.shop().await;
    for statement in [
        "update environments set observed_by = 'cell', observed_at = now()",
        "update regions set engine = 'nowhere' where code = (select region from apps)",
    ] {
        sqlx::query(statement).execute(&pool).await.expect("is so");
    }
    let _background = world.background();
    let told = "select count(*) from environments where observed_by is not null";
    until(async || {
        let told: i64 = sqlx::query_scalar(told)
            .fetch_one(&pool)
            .await
            .expect("is counted");
        (told == 0).then_some(())
    })
    .await;
}
