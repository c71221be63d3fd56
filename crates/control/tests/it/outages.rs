//! Tests of what is under way while an engine or a region's server is away.

use crate::world::{World, new_app, until};
use control::apps;
use control::apps::create::create;
use control::apps::delete::delete;
use control::ctx::Ctx;
use control::environments::{self, desired_change::deploy};
use control::error::Error;
use control::operations;
use domain::ids::OperationId;
use domain::names::Subdomain;
use domain::roles::Role;
use domain::states::OperationState;
use engine::memory::Behaviour;
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::net::TcpListener;
use views::operations::OperationDetails;

async fn operation(ctx: &Ctx, id: OperationId) -> OperationDetails {
    operations::get(ctx, id).await.expect("is there")
}

async fn until_state(ctx: &Ctx, id: OperationId, state: OperationState) -> OperationDetails {
    until(async || {
        let details = operation(ctx, id).await;
        (details.summary.state == state).then_some(details)
    })
    .await
}

async fn until_detail(ctx: &Ctx, id: OperationId, text: &str) {
    until(async || {
        let summary = operation(ctx, id).await.summary;
        summary.detail.contains(text).then_some(())
    })
    .await;
}

async fn begin_slow_deployment(world: &World, ada: &Ctx, shop: &Subdomain) -> OperationId {
    let package = world.upload(ada, shop, "1.0.0").await.expect("is kept");
    world.engine.turn(Behaviour::Slow);
    let id = deploy(ada, shop, "test", package).await.expect("starts");
    until_detail(ada, id, "0 of 1 instances").await;
    id
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_change_goes_on_when_a_silent_engine_answers_again(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    let _background = world.background();
    let id = begin_slow_deployment(&world, &ada, &shop).await;

    world.engine.turn(Behaviour::Away);
    until_detail(&ada, id, "The engine is silent").await;
    world.engine.turn(Behaviour::Obliging);
    until_state(&ada, id, OperationState::Succeeded).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_change_that_reaches_no_engine_is_taken_back_and_never_stuck(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    let old = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    let new = world.upload(&ada, &shop, "2.0.0").await.expect("is kept");
    deploy(&ada, &shop, "test", old).await.expect("starts");
    world.run_operations().await;

    world.engine.turn(Behaviour::Away);
    let id = deploy(&ada, &shop, "test", new).await.expect("starts");
    world.run_operations().await;
    let details = operation(&ada, id).await;
    assert_eq!(details.summary.state, OperationState::Failed);
    let id = environments::get(&ada, &shop, "test")
        .await
        .expect("is there")
        .id;
    let row = world.row(id).await;
    let old = Some(old.uuid());
    assert_eq!((row.package_id, row.live_package_id), (old, old));

    world.engine.turn(Behaviour::Obliging);
    let _background = world.background();
    until(async || {
        let workload = world.engine.workload(id)?;
        (workload.revision == row.revision).then_some(())
    })
    .await;
    deploy(&ada, &shop, "test", new)
        .await
        .expect("the environment is free");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_deletion_waits_for_the_engine_and_leaves_nothing(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let _background = world.background();
    world.engine.turn(Behaviour::Away);
    let id = delete(&ada, &shop, "Shop").await.expect("starts");
    until_detail(&ada, id, "Attempt 3 follows").await;

    world.engine.turn(Behaviour::Obliging);
    until_state(&ada, id, OperationState::Succeeded).await;
    assert!(matches!(apps::get(&ada, &shop).await, Err(Error::NotFound)));
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_app_that_is_deleted_while_it_is_being_deployed_to_leaves_nothing(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let _background = world.background();
    let deployment = begin_slow_deployment(&world, &ada, &shop).await;
    let environment = environments::get(&ada, &shop, "test")
        .await
        .expect("is there");
    let deletion = delete(&ada, &shop, "Shop").await.expect("starts");

    until_state(&ada, deletion, OperationState::Succeeded).await;
    let ended = operation(&ada, deployment).await.summary;
    assert_eq!(ended.state, OperationState::Cancelled, "{ended:?}");
    assert!(matches!(apps::get(&ada, &shop).await, Err(Error::NotFound)));
    assert!(world.engine.workload(environment.id).is_none());
    let databases: i64 = sqlx::query_scalar("select count(*) from pg_database where datname = $1")
        .bind(&environment.database)
        .fetch_one(&pool)
        .await
        .expect("counts");
    assert_eq!(databases, 0);
    assert_eq!(world.stored_files(), Vec::<String>::new());
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn nothing_is_handed_over_for_an_app_that_is_being_deleted(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let package = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    let id = deploy(&ada, &shop, "test", package).await.expect("starts");
    let environment = environments::get(&ada, &shop, "test")
        .await
        .expect("is there");
    // As it is when the deletion does not wait any longer.
    sqlx::query("update apps set state = 'deleting'")
        .execute(&pool)
        .await
        .expect("is marked");
    world.run_operations().await;

    assert_eq!(
        operation(&ada, id).await.summary.state,
        OperationState::Failed
    );
    assert!(world.engine.workload(environment.id).is_none());
    let details = apps::get(&ada, &shop).await.expect("is there");
    assert!(details.delete.is_allowed(), "nothing deletes it");
    delete(&ada, &shop, "Shop").await.expect("is deleted again");
    let details = apps::get(&ada, &shop).await.expect("is there");
    assert!(!details.delete.is_allowed(), "it is being deleted");
    world.run_operations().await;
    assert!(matches!(apps::get(&ada, &shop).await, Err(Error::NotFound)));
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_region_without_its_database_server_is_named_and_leaves_nothing(pool: PgPool) {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!(
        "postgres://portal@{}/postgres",
        free.local_addr().expect("an address")
    );
    drop(free);
    let world = World::with_server(pool.clone(), SecretString::from(url));
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let created = create(&ada, new_app("shop")).await.expect("starts");
    world.run_operations().await;

    let stuck = operation(&ada, created.operation).await.summary;
    assert_eq!(stuck.state, OperationState::Stuck);
    let error = stuck.error.expect("says why");
    assert!(
        error.starts_with("The database server of ") && error.contains("does not answer"),
        "{error}"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_region_whose_database_server_accepts_and_is_silent_holds_no_step(pool: PgPool) {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!(
        "postgres://portal@{}/postgres",
        silent.local_addr().expect("an address")
    );
    let world = World::with_server(pool.clone(), SecretString::from(url));
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let _background = world.background();
    let created = create(&ada, new_app("shop")).await.expect("starts");
    until_detail(&ada, created.operation, "does not answer").await;
}
