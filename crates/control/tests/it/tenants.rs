//! Tests of what an environment gets on a region's database server.

use crate::world::World;
use domain::roles::Role;
use sqlx::{ConnectOptions, Connection, PgPool};

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_environment_that_takes_all_it_can_leaves_the_others_room(pool: PgPool) {
    let world = World::new(pool.clone());
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    world.app(&ada, "shop").await;
    let (database, role): (String, String) =
        sqlx::query_as("select database_name, database_role from environments limit 1")
            .fetch_one(&pool)
            .await
            .expect("an environment");
    let server = pool.connect_options();
    let tenant = (*server).clone().database(&database).username(&role);
    let mut taken = Vec::new();
    let refused = loop {
        match tenant.connect().await {
            Ok(connection) => taken.push(connection),
            Err(error) => break error,
        }
    };
    let refused = refused.as_database_error().expect("an answer").to_string();
    assert!(
        refused.contains("role") || refused.contains(&database),
        "its own limit ended it, not the server's: {refused}"
    );
    let all: i64 = sqlx::query_scalar("select current_setting('max_connections')::bigint")
        .fetch_one(&pool)
        .await
        .expect("a setting");
    assert!(
        i64::try_from(taken.len()).expect("fits") <= all / 3,
        "{} of {all}",
        taken.len()
    );
    let mut portal = server.connect().await.expect("the portal gets in");
    portal.ping().await.expect("and is answered");
}
