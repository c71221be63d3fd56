//! Tests of quotas: what a company may use, and that two at once do not pass together.

use crate::world::{World, new_app};
use control::apps;
use control::apps::create::create;
use control::environments::desired_change::scale;
use control::error::Error;
use control::quotas;
use domain::quotas::QuotaKind;
use domain::scaling::Scale;
use sqlx::PgPool;

fn said(error: Option<Error>) -> String {
    match error.expect("is refused") {
        Error::Invalid(fields) => fields.into_iter().map(|it| it.message).collect(),
        other => panic!("{other:?}"),
    }
}

async fn set(world: &World, kind: QuotaKind, allowed: u64) {
    quotas::set(&world.state, "Northwind", kind, Some(allowed))
        .await
        .expect("is set");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn two_apps_at_once_do_not_take_one_place_together(pool: PgPool) {
    let world = World::new(pool);
    let (ada, _) = world.shop().await;
    set(&world, QuotaKind::Apps, 2).await;
    let made = futures::future::join_all(
        ["one", "two", "three", "four"].map(|name| create(&ada, new_app(name))),
    )
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 3));
    for refused in refused {
        let said = said(refused.err());
        assert!(said.contains("may use 2 apps; it uses 2 apps"), "{said}");
        assert!(said.contains("ask an operator"), "{said}");
    }
    let bob = world
        .person("Bob", "Fabrikam", domain::roles::Role::Customer)
        .await;
    create(&bob, new_app("five"))
        .await
        .expect("another company's");
    let offer = apps::create::offer(&ada).await.expect("offers");
    assert!(offer.left().contains("0 apps"), "{}", offer.left());
    world.run_operations().await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn memory_counts_what_is_being_scaled_and_less_is_always_fine(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    world.deployed(&ada, &shop).await;
    let used = async || {
        let all = quotas::list(&world.state).await.expect("lists");
        all[0].quota.used.of(QuotaKind::MemoryMib)
    };
    let before = used().await;
    set(&world, QuotaKind::MemoryMib, before + 1024).await;
    let one = Scale::parse("2", "1024").expect("a scale");
    scale(&ada, &shop, "test", one).await.expect("fits");
    let under_way = used().await;
    assert!(under_way > before, "{under_way} {before}");
    let refused = scale(&ada, &shop, "production", one).await;
    if under_way == before + 1024 {
        let said = said(refused.err());
        assert!(said.contains("of memory"), "{said}");
    }
    world.run_operations().await;
    assert_eq!(used().await, under_way);
    set(&world, QuotaKind::MemoryMib, 1).await;
    let less = Scale::parse("1", "512").expect("a scale");
    scale(&ada, &shop, "test", less)
        .await
        .expect("less is fine");

    // Scaled down, but the engine has not taken that yet: what was before may come back.
    for statement in [
        "update saga_steps set output = '{\"scale\": {\"instances\": 2, \"memory_mib\": 1024}}' where name = 'remember' and state = 'pending'",
        "update environments set instances = 1, memory_mib = 512 where slug = 'test'",
    ] {
        sqlx::query(statement)
            .execute(&world.state.pool)
            .await
            .expect("is written");
    }
    assert_eq!(used().await, under_way);
    world.run_operations().await;
    assert!(used().await < under_way);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn packages_are_counted_by_number_and_bytes(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    set(&world, QuotaKind::Packages, 1).await;
    let words = said(world.upload(&ada, &shop, "2.0.0").await.err());
    assert!(
        words.contains("may use 1 package; it uses 1 package"),
        "{words}"
    );
    set(&world, QuotaKind::Packages, 9).await;
    set(&world, QuotaKind::PackageBytes, 700).await;
    let words = said(world.upload(&ada, &shop, "2.0.0").await.err());
    assert!(words.contains("of packages"), "{words}");
    assert_eq!(world.stored_files().len(), 1, "nothing of them is kept");
    quotas::set(&world.state, "Northwind", QuotaKind::PackageBytes, None)
        .await
        .expect("the default again");
    world.upload(&ada, &shop, "2.0.0").await.expect("is kept");
}
