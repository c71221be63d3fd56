//! Rows that cannot be used: each is named, and everything else goes on.

use crate::regions::{app_in, execute, is_observed, people, succeeds};
use crate::world::{World, new_app, until};
use control::apps;
use control::apps::create::create;
use control::environments::{self, desired_change};
use control::error::Error;
use control::operations;
use domain::scaling::Scale;
use sqlx::PgPool;
use views::apps::NewApp;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_row_that_cannot_be_used_is_named_and_everything_else_goes_on(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, _) = people(&world).await;
    let shop = app_in(&world, &ada, "shop", "eu-frankfurt").await;
    let tokyo = app_in(&world, &ada, "tokyo", "ap-tokyo").await;
    let london = app_in(&world, &ada, "london", "uk-london").await;
    let package = world.upload(&ada, &tokyo, "1.0.0").await.expect("is kept");
    execute(
        &pool,
        "update regions set data_jurisdiction = 'XX' where code = 'ap-tokyo'",
    )
    .await;
    execute(
        &pool,
        "update regions set engine = 'nowhere' where code = 'uk-london'",
    )
    .await;
    execute(
        &pool,
        "update plans set app_memory_mib = 0 where code = 'S20'",
    )
    .await;

    let list = apps::list(&ada, None, None).await.expect("lists").items;
    let broken: Vec<_> = list.iter().filter(|app| app.region.is_err()).collect();
    let [app] = broken.as_slice() else {
        panic!("{broken:?}")
    };
    let said = app.region.as_ref().expect_err("cannot be used").to_string();
    for words in [
        "ap-tokyo",
        "“regions”",
        "data_jurisdiction",
        "XX",
        "correct",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(
        apps::get(&ada, &tokyo)
            .await
            .expect("answers")
            .region
            .is_err()
    );

    let choose = async |region: &str, plan: &str| {
        let form = NewApp {
            region: region.to_owned(),
            plan: plan.to_owned(),
            ..new_app("other")
        };
        match create(&ada, form).await {
            Err(Error::Invalid(errors)) => errors[0].clone(),
            other => panic!("{other:?}"),
        }
    };
    let refused = choose("ap-tokyo", "M20").await;
    assert_eq!(refused.field, "region");
    assert!(refused.message.contains("data_jurisdiction"), "{refused:?}");
    let refused = choose("eu-frankfurt", "S20").await;
    assert_eq!(refused.field, "plan");
    assert!(refused.message.contains("app_memory_mib"), "{refused:?}");

    // What serves a region is untouched by what its row says of the law; another one's engine is nobody else's.
    let _background = world.background();
    let id = desired_change::deploy(&ada, &tokyo, "test", package).await;
    succeeds(&ada, id.expect("starts")).await;
    is_observed(&ada, &tokyo).await;
    is_observed(&ada, &shop).await;
    let page = environments::get(&ada, &london, "test").await;
    assert!(page.expect("answers").observed_at.is_none());
    let deletion = apps::delete::delete(&ada, &london, "london").await;
    let deletion = deletion.expect("starts");
    until(async || {
        let found = operations::get(&ada, deletion).await.expect("is there");
        found.summary.detail.contains("uk-london").then_some(())
    })
    .await;
    execute(
        &pool,
        "update regions set engine = null where code = 'uk-london'",
    )
    .await;
    succeeds(&ada, deletion).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_app_on_a_plan_that_cannot_be_used_is_shown_and_can_be_deleted(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, _) = people(&world).await;
    let shop = world.app(&ada, "shop").await;
    execute(
        &pool,
        "update plans set max_instances = 0 where code = 'M20'",
    )
    .await;
    let details = environments::get(&ada, &shop, "test").await;
    assert!(details.expect("answers").plan.is_err());
    let scale = Scale {
        instances: 2,
        memory_mib: 512,
    };
    let refused = desired_change::scale(&ada, &shop, "test", scale).await;
    let Err(Error::Unavailable { text, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert!(
        text.contains("M20") && text.contains("max_instances"),
        "{text}"
    );
    apps::delete::delete(&ada, &shop, "Shop")
        .await
        .expect("starts");
    world.run_operations().await;
    assert!(matches!(apps::get(&ada, &shop).await, Err(Error::NotFound)));
}
