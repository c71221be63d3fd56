//! Tests of operations: who sees them.

use crate::world::{World, new_app};
use control::apps::create::create;
use control::apps::delete::delete;
use control::ctx::Ctx;
use control::error::Error;
use control::operations::{cancel, get, list, retry};
use domain::roles::Role;
use sqlx::PgPool;

async fn titles(ctx: &Ctx) -> Vec<String> {
    let page = list(ctx, false, None).await.expect("lists");
    page.items
        .into_iter()
        .map(|operation| operation.title)
        .collect()
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_others_did_lately_hides_nothing_of_ones_own(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let bo = world.person("Bo", "Northwind", Role::Customer).await;
    let mut form = new_app("desk");
    "Desk".clone_into(&mut form.name);
    create(&ada, form).await.expect("starts");
    for n in 0..53 {
        let mut form = new_app(&format!("shop-{n}"));
        form.environments = vec!["Production".to_owned()];
        create(&bo, form).await.expect("starts");
    }

    assert_eq!(titles(&ada).await, ["Create Desk"]);
    let first = list(&bo, false, None).await.expect("lists");
    let rest = list(&bo, false, first.next.clone()).await.expect("lists");
    assert_eq!((first.items.len(), rest.items.len()), (50, 3));
    assert_eq!(rest.next, None);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_namesake_sees_nothing_and_the_starter_what_is_gone(pool: PgPool) {
    let world = World::new(pool.clone());
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let mut namesake = world.person("Bo", "Northwind", Role::Customer).await;
    ada.name.clone_into(&mut namesake.name);
    let shop = world.app(&ada, "shop").await;
    let operation = delete(&ada, &shop, "Shop").await.expect("starts");
    sqlx::query("delete from app_members")
        .execute(&pool)
        .await
        .expect("leaves the team");
    assert_eq!(titles(&ada).await, Vec::<String>::new());

    world.run_operations().await;
    assert_eq!(titles(&ada).await, ["Delete Shop", "Create Shop"]);
    assert!(get(&ada, operation).await.is_ok());
    assert_eq!(titles(&namesake).await, Vec::<String>::new());
    assert!(matches!(
        get(&namesake, operation).await,
        Err(Error::NotFound)
    ));
}

/// What a button says, and what the deed answers: they must be the same sentence.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_button_and_the_deed_give_the_same_reason(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let created = create(&ada, new_app("shop")).await.expect("starts");
    let vi = world.viewer("Vi", "Northwind").await;
    let check = async |who: &Ctx, id| {
        let buttons = get(who, id).await.expect("is there");
        let cancelled = cancel(who, id).await.err().map(|error| error.to_string());
        assert_eq!(buttons.cancel.reason(), cancelled);
        let retried = retry(who, id).await.err().map(|error| error.to_string());
        assert_eq!(buttons.retry.reason(), retried);
        assert!(retried.is_some(), "nothing is stuck");
    };
    check(&vi, created.operation).await;
    world.run_operations().await;
    check(&ada, created.operation).await;
    let deletion = delete(&ada, &created.subdomain, "Shop")
        .await
        .expect("starts");
    check(&vi, deletion).await;
    check(&ada, deletion).await;
    world.run_operations().await;
}
