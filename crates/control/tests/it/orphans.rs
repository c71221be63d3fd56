//! Tests of what no row knows: seen, and removed on a word.

use crate::world::World;
use control::apps;
use control::error::Error;
use control::orphans::{self, Orphan, OrphanKind};
use domain::ids::EnvironmentId;
use sqlx::PgPool;

/// Of these environments: the server is shared with other tests.
async fn of(world: &World, ids: &[EnvironmentId]) -> Vec<Orphan> {
    let found = orphans::list(&world.state).await.expect("looks");
    assert!(found.unseen.is_empty(), "{:?}", found.unseen);
    let mut orphans = found.orphans;
    orphans.retain(|orphan| ids.contains(&orphan.environment));
    orphans
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_a_restored_database_does_not_know_is_seen_and_removed_on_a_word(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    world.deployed(&ada, &shop).await;
    let details = apps::get(&ada, &shop).await.expect("is there");
    let ids: Vec<EnvironmentId> = details
        .environments
        .iter()
        .map(|it| it.environment.id)
        .collect();
    assert!(of(&world, &ids).await.is_empty());
    let known = Orphan {
        kind: OrphanKind::Database,
        environment: ids[0],
    };
    let refused = orphans::remove(&world.state, known).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");

    sqlx::query("delete from apps")
        .execute(&pool)
        .await
        .expect("is done");
    let found = of(&world, &ids).await;
    let count = |kind| found.iter().filter(|orphan| orphan.kind == kind).count();
    assert_eq!(OrphanKind::ALL.map(count), [2, 2, 2], "{found:?}");
    for orphan in found {
        orphans::remove(&world.state, orphan)
            .await
            .expect("is removed");
    }
    assert!(of(&world, &ids).await.is_empty());
    assert!(world.engine.workload(ids[0]).is_none());
    let audited: i64 =
        sqlx::query_scalar("select count(*) from audit_events where action = 'orphan.remove'")
            .fetch_one(&pool)
            .await
            .expect("counts");
    assert_eq!(audited, 6);
}
