//! Tests of what no row knows: seen, and removed on a word.

use crate::world::{Background, World, tasks, until};
use control::ctx::Ctx;
use control::error::Error;
use control::orphans::{self, Orphan, OrphanKind};
use control::{apps, live_updates, operator};
use domain::ids::{EnvironmentId, OrphanId};
use domain::roles::Role;
use sqlx::PgPool;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Of these environments: the server is shared with other tests.
async fn of(world: &World, ids: &[EnvironmentId]) -> Vec<Orphan> {
    let found = orphans::list(&world.state).await.expect("looks");
    assert!(found.unseen.is_empty(), "{:?}", found.unseen);
    let orphans = found.orphans.into_keys();
    orphans
        .filter(|orphan| ids.contains(&orphan.environment))
        .collect()
}

/// Ada's app `shop`, of which the rows are lost if `lost`; its environments.
async fn shop(world: &World, lost: bool) -> Vec<EnvironmentId> {
    let (ada, shop) = world.shop().await;
    world.deployed(&ada, &shop).await;
    let details = apps::get(&ada, &shop).await.expect("is there");
    if lost {
        sqlx::query("delete from apps")
            .execute(&world.state.pool)
            .await
            .expect("is done");
    }
    let environments = details.environments.iter();
    environments.map(|it| it.environment.id).collect()
}

/// What the operator's page shows of these environments.
async fn shown(ctx: &Ctx, ids: &[EnvironmentId]) -> Vec<views::operator::Orphan> {
    let page = operator::get(ctx).await.expect("is seen");
    let mut orphans = page.orphans;
    orphans.retain(|orphan| ids.contains(&orphan.environment));
    orphans
}

/// Background work that hears of changes, as that of the portal does.
fn listening(world: &World) -> Background {
    let changes = live_updates::channel();
    let heard = live_updates::task(&world.state.pool, &changes, &CancellationToken::new());
    let tasks = tasks(Arc::clone(&world.state)).following(&changes);
    Background::of(tasks.with(heard))
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_was_found_is_kept_and_removed_by_the_leader_on_an_admin_s_word(pool: PgPool) {
    let world = World::new(pool.clone());
    let ids = shop(&world, true).await;
    let olga = world.person("Olga", "Northwind", Role::Admin).await;
    let _background = listening(&world);
    let found = until(async || {
        let found = shown(&olga, &ids).await;
        (found.len() == 6).then_some(found)
    })
    .await;
    assert!(found.iter().all(|it| it.asked_by.is_none()), "{found:?}");
    let one = found.iter().find(|it| it.kind == "database");
    let one = one.expect("a database");
    assert!(!one.place.is_empty());

    operator::remove_orphan(&olga, one.id)
        .await
        .expect("is asked");
    let removed = until(async || {
        let found = shown(&olga, &ids).await;
        found.into_iter().find(|it| it.removed_at.is_some())
    })
    .await;
    assert_eq!((removed.id, removed.removing), (one.id, false));
    assert_eq!(removed.asked_by.as_deref(), Some("Olga"));
    assert_eq!(of(&world, &ids).await.len(), 5);
    let again = operator::remove_orphan(&olga, one.id).await;
    assert!(matches!(again, Err(Error::NotFound)), "{again:?}");

    let by: Vec<(String, String, String)> = sqlx::query_as(
        "select person_name, target, details->>'environment' from audit_events where action = 'orphan.remove' and details ? 'environment' union all \
         select person_name, target, details->>'asked_by' from audit_events where action = 'orphan.remove' and details ? 'asked_by'",
    )
    .fetch_all(&pool)
    .await
    .expect("reads");
    let expected = [
        (
            "Olga".to_owned(),
            format!("Orphan {}", one.id),
            one.environment.to_string(),
        ),
        (
            "Background".to_owned(),
            format!("database of {}", one.environment),
            "Olga".to_owned(),
        ),
    ];
    assert_eq!(by, expected);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_search_begins_on_an_admin_s_word_and_keeps_when_each_was_seen_first(pool: PgPool) {
    let world = World::new(pool);
    let ids = shop(&world, false).await;
    let olga = world.person("Olga", "Northwind", Role::Admin).await;
    let _background = listening(&world);
    let searched = async || {
        until(async || {
            let page = operator::get(&olga).await.expect("is seen");
            page.searched_at.filter(|_| !page.searching)
        })
        .await
    };
    searched().await;
    assert_eq!(shown(&olga, &ids).await, [], "rows know of all of it");
    sqlx::query("delete from apps")
        .execute(&world.state.pool)
        .await
        .expect("is done");
    operator::search_orphans(&olga).await.expect("is asked");
    searched().await;
    let seen = shown(&olga, &ids).await;
    assert_eq!(seen.len(), 6);
    operator::search_orphans(&olga).await.expect("is asked");
    let last = searched().await;
    for (before, after) in seen.iter().zip(shown(&olga, &ids).await) {
        assert_eq!(after.first_seen_at, before.first_seen_at);
        assert_eq!(after.last_seen_at, last);
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_a_row_knows_again_is_not_removed_and_who_is_no_admin_sees_nothing(pool: PgPool) {
    let world = World::new(pool.clone());
    let ids = shop(&world, false).await;
    let olga = world.person("Olga", "Northwind", Role::Admin).await;
    let id = OrphanId::new(Uuid::now_v7());
    sqlx::query(
        "insert into orphans (id, kind, environment_id, place, first_seen_at, last_seen_at) \
         values ($1, 'database', $2, 'Frankfurt', now(), now())",
    )
    .bind(id.uuid())
    .bind(ids[0].uuid())
    .execute(&pool)
    .await
    .expect("is there");
    let refused = operator::remove_orphan(&olga, id).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    assert!(!shown(&olga, &ids).await[0].removing);

    for role in [Role::Customer, Role::CustomerSuccess] {
        let bo = world.person(role.as_str(), "Northwind", role).await;
        assert!(matches!(operator::get(&bo).await, Err(Error::NotFound)));
        let refused = operator::search_orphans(&bo).await;
        assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
        let refused = operator::remove_orphan(&bo, id).await;
        assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_a_restored_database_does_not_know_is_seen_and_removed_on_a_word(pool: PgPool) {
    let world = World::new(pool.clone());
    let ids = shop(&world, false).await;
    assert!(of(&world, &ids).await.is_empty());
    let known = Orphan {
        kind: OrphanKind::Database,
        environment: ids[0],
    };
    let refused = orphans::remove(&world.state, known, None).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");

    sqlx::query("delete from apps")
        .execute(&pool)
        .await
        .expect("is done");
    let found = of(&world, &ids).await;
    let count = |kind| found.iter().filter(|orphan| orphan.kind == kind).count();
    assert_eq!(OrphanKind::ALL.map(count), [2, 2, 2], "{found:?}");
    for orphan in found {
        orphans::remove(&world.state, orphan, None)
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
