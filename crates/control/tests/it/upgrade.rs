//! What keeps a release from finishing what another one has begun.

use crate::world::{World, new_app};
use control::apps::create::create;
use control::upgrade::{UnknownOperation, unknown_operations};
use domain::roles::Role;
use sqlx::PgPool;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_operation_of_another_version_is_named(pool: PgPool) {
    let world = World::new(pool.clone());
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    create(&ada, new_app("shop")).await.expect("starts");
    let known = unknown_operations(&world.state).await.expect("is read");
    assert_eq!(known, []);

    sqlx::query("update sagas set version = 9")
        .execute(&pool)
        .await
        .expect("is of another release");
    let unknown = unknown_operations(&world.state).await.expect("is read");
    let expected = UnknownOperation {
        title: "Create Shop".to_owned(),
        saga: "app_create 9".to_owned(),
    };
    assert_eq!(unknown, [expected]);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_database_from_before_versions_holds_nothing_up(pool: PgPool) {
    let world = World::new(pool.clone());
    sqlx::query("alter table sagas drop column version")
        .execute(&pool)
        .await
        .expect("is older");
    let unknown = unknown_operations(&world.state).await.expect("is read");
    assert_eq!(unknown, []);
}
