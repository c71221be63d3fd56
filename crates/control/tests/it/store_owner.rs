//! Tests of whose store it is: what another database does not know is not removed.

use crate::world::World;
use control::objects::key::ObjectKey;
use control::packages::{ownership, sweep};
use domain::ids::PackageId;
use sqlx::PgPool;
use std::time::{Duration, SystemTime};

/// A package whose file is old, and of which the database knows nothing any more.
async fn forgotten(world: &World, pool: &PgPool) -> PackageId {
    let package = old(world).await;
    sweep::sweep(&world.state).await.expect("sweeps");
    run(pool, "delete from packages").await;
    package
}

/// A package whose file is old.
async fn old(world: &World) -> PackageId {
    let (ada, shop) = world.shop().await;
    let package = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    let file = world.state.objects.local_file(&ObjectKey::package(package));
    let file = std::fs::File::options().append(true).open(file);
    let file = file.expect("is there");
    let long_ago = SystemTime::now() - Duration::from_hours(2);
    file.set_modified(long_ago).expect("is set back");
    package
}

async fn run(pool: &PgPool, statement: &'static str) {
    sqlx::query(statement).execute(pool).await.expect("is done");
}

async fn refused(world: &World, words: &str) {
    let refused = sweep::sweep(&world.state).await.expect_err("is refused");
    let said = refused.to_string();
    assert!(
        said.contains(words) && said.contains("adopt-store"),
        "{said}"
    );
    assert_eq!(world.stored_files().len(), 1, "nothing is removed");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_restored_database_removes_nothing_until_an_operator_says_so(pool: PgPool) {
    let world = World::new(pool.clone());
    forgotten(&world, &pool).await;
    run(&pool, "update installation set sweeps = sweeps - 1").await;
    refused(&world, "it was restored").await;
    refused(&world, "it was restored").await;
    ownership::adopt(&world.state).await.expect("adopts");
    assert_eq!(sweep::sweep(&world.state).await.expect("sweeps"), 1);
    assert_eq!(sweep::sweep(&world.state).await.expect("sweeps"), 0);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn another_installation_removes_nothing(pool: PgPool) {
    let world = World::new(pool.clone());
    forgotten(&world, &pool).await;
    run(
        &pool,
        "update installation set id = gen_random_uuid(), sweeps = 99",
    )
    .await;
    refused(&world, "another installation's").await;
    let mark = world.folder.path().join("objects/installation");
    std::fs::remove_file(&mark).expect("was there");
    refused(&world, "does not say whose it is").await;
    std::fs::write(&mark, "").expect("writes");
    refused(&world, "does not say whose it is").await;
    ownership::adopt(&world.state).await.expect("adopts");
    assert_eq!(sweep::sweep(&world.state).await.expect("sweeps"), 1);
}

/// As an upgrade finds it: the store is from before there was a mark.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_store_without_a_mark_is_swept_if_all_in_it_is_known(pool: PgPool) {
    let world = World::new(pool.clone());
    old(&world).await;
    assert_eq!(sweep::sweep(&world.state).await.expect("sweeps"), 0);
    run(&pool, "delete from packages").await;
    assert_eq!(sweep::sweep(&world.state).await.expect("sweeps"), 1);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_store_without_a_mark_loses_nothing_that_is_not_known(pool: PgPool) {
    let world = World::new(pool.clone());
    old(&world).await;
    run(&pool, "delete from packages").await;
    refused(&world, "does not say whose it is").await;
    refused(&world, "does not say whose it is").await;
    ownership::adopt(&world.state).await.expect("adopts");
    assert_eq!(sweep::sweep(&world.state).await.expect("sweeps"), 1);
}

/// Its word did not reach the store the last time: the store is behind, and the database knows all.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_store_that_is_behind_is_swept(pool: PgPool) {
    let world = World::new(pool.clone());
    forgotten(&world, &pool).await;
    run(&pool, "update installation set sweeps = sweeps + 1").await;
    assert_eq!(sweep::sweep(&world.state).await.expect("sweeps"), 1);
}
