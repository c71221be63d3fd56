//! Tests of apps: creating, deleting, and who sees them.

use crate::world::{World, new_app};
use control::apps;
use control::apps::create::{create, offer};
use control::apps::delete::delete;
use control::error::Error;
use control::operations;
use domain::names::Subdomain;
use domain::roles::Role;
use domain::states::{AppState, OperationState, Tone};
use sqlx::PgPool;
use views::apps::{Availability, NewApp};

fn fields(error: Error) -> Vec<String> {
    match error {
        Error::Invalid(errors) => errors.into_iter().map(|e| e.field).collect(),
        other => panic!("fields were expected to be refused, not: {other:?}"),
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_app_is_created_and_deleted_with_everything_of_it(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let created = create(&ada, new_app("shop")).await.expect("starts");
    let details = apps::get(&ada, &created.subdomain)
        .await
        .expect("is visible at once");
    assert_eq!(
        (details.state, details.operations.len()),
        (AppState::Creating, 1)
    );
    world.run_operations().await;

    let details = apps::get(&ada, &created.subdomain).await.expect("is there");
    assert_eq!(details.state, AppState::Ready);
    let urls: Vec<_> = details
        .environments
        .iter()
        .map(|card| card.environment.url.as_str())
        .collect();
    assert_eq!(
        urls,
        [
            "http://shop-test.apps.localhost:8080",
            "http://shop.apps.localhost:8080"
        ]
    );
    assert!(
        details
            .environments
            .iter()
            .map(|card| &card.environment.status)
            .all(|status| status.tone == Tone::Idle && status.label == "Never deployed")
    );
    let operation = operations::get(&ada, created.operation)
        .await
        .expect("is there");
    assert_eq!(operation.summary.state, OperationState::Succeeded);
    let listed = apps::list(&ada, None, None).await.expect("lists").items;
    assert_eq!((listed.len(), listed[0].environments.len()), (1, 2));

    let wrong = delete(&ada, &created.subdomain, "shop").await;
    assert_eq!(wrong.map_err(fields), Err(vec!["typed_name".to_owned()]));
    let operation = delete(&ada, &created.subdomain, "Shop")
        .await
        .expect("starts");
    world.run_operations().await;
    assert!(matches!(
        apps::get(&ada, &created.subdomain).await,
        Err(Error::NotFound)
    ));
    let operation = operations::get(&ada, operation)
        .await
        .expect("stays to be read");
    assert_eq!(operation.summary.state, OperationState::Succeeded);
    create(&ada, new_app("shop"))
        .await
        .expect("the address is free again");
    world.run_operations().await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn every_wrong_field_is_named_at_once(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let wrong = NewApp {
        name: "<b>".to_owned(),
        subdomain: "sh\u{43e}p".to_owned(),
        region: "mars-1".to_owned(),
        plan: "HUGE".to_owned(),
        generation: "v3".to_owned(),
        environments: vec!["Test".to_owned(), "test".to_owned()],
        ..new_app("shop")
    };
    let refused = create(&ada, wrong).await.map(|_| ()).map_err(fields);
    assert_eq!(
        refused,
        Err([
            "name",
            "subdomain",
            "region",
            "plan",
            "generation",
            "environments"
        ]
        .map(str::to_owned)
        .to_vec())
    );
    assert!(
        apps::list(&ada, None, None)
            .await
            .expect("lists")
            .items
            .is_empty()
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn two_people_claim_one_subdomain_and_one_gets_it(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let bo = world.person("Bo", "Contoso", Role::Customer).await;
    let (one, other) = tokio::join!(create(&ada, new_app("shop")), create(&bo, new_app("shop")));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
    let refused = one.err().or(other.err()).map(fields);
    assert_eq!(refused, Some(vec!["subdomain".to_owned()]));
    world.run_operations().await;
    let shop = apps::availability(&bo, "shop").await.expect("answers");
    assert_eq!(shop, Availability::Taken);
    // The address of an environment of one's own is taken as well.
    let mut near = new_app("sho");
    near.environments = vec!["p".repeat(2)];
    create(&ada, near).await.expect("sho-pp is free");
    let refused = create(&ada, new_app("sho-pp"))
        .await
        .map(|_| ())
        .map_err(fields);
    assert_eq!(refused, Err(vec!["subdomain".to_owned()]));
    world.run_operations().await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_form_sent_twice_makes_one_app(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let form = new_app("shop");
    let first = create(&ada, form.clone()).await.expect("starts");
    let second = create(&ada, form).await.expect("finds the first");
    assert_eq!(first, second);
    world.run_operations().await;
    assert_eq!(
        apps::list(&ada, None, None)
            .await
            .expect("lists")
            .items
            .len(),
        1
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_form_sent_twice_at_the_same_time_makes_one_app(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let form = new_app("shop");
    let (first, second) = tokio::join!(create(&ada, form.clone()), create(&ada, form));
    assert_eq!(first.expect("starts"), second.expect("is the same"));
    world.run_operations().await;
    assert_eq!(
        apps::list(&ada, None, None)
            .await
            .expect("lists")
            .items
            .len(),
        1
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_address_that_no_resolver_takes_is_refused_at_its_environment(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let mut form = new_app(&"a".repeat(40));
    form.environments.push("x".repeat(30));
    let refused = create(&ada, form).await.expect_err("is refused");
    assert_eq!(fields(refused), ["environments"]);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_form_sent_again_with_other_names_makes_nothing_and_says_so(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let form = new_app("shop");
    create(&ada, form.clone()).await.expect("starts");
    let mut other = form;
    "shop-2".clone_into(&mut other.subdomain);
    let refused = create(&ada, other).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn two_environments_that_would_share_an_address_are_refused_at_their_field(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let mut form = new_app("shop");
    form.environments = vec!["Acceptance".to_owned(), "accp".to_owned()];
    let refused = create(&ada, form).await.expect_err("is refused");
    assert_eq!(fields(refused), ["environments"]);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn another_company_sees_nothing_of_it(pool: PgPool) {
    let world = World::new(pool);
    let (_, shop) = world.shop().await;
    for (name, role) in [
        ("Bo", Role::Customer),
        ("Cleo", Role::CustomerSuccess),
        ("Abel", Role::Admin),
    ] {
        let other = world.person(name, "Contoso", role).await;
        assert!(
            apps::list(&other, None, None)
                .await
                .expect("lists")
                .items
                .is_empty()
        );
        assert!(
            operations::list(&other, false, None)
                .await
                .expect("lists")
                .items
                .is_empty()
        );
        assert!(matches!(
            apps::get(&other, &shop).await,
            Err(Error::NotFound)
        ));
        assert!(matches!(
            delete(&other, &shop, "Shop").await,
            Err(Error::NotFound)
        ));
    }
    let cleo = world
        .person("Cora", "Northwind", Role::CustomerSuccess)
        .await;
    assert!(matches!(
        create(&cleo, new_app("desk")).await,
        Err(Error::Forbidden(_))
    ));
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_company_that_demands_residency_cannot_choose_tokyo(pool: PgPool) {
    let world = World::new(pool);
    let mut ada = world.person("Ada", "Northwind", Role::Customer).await;
    ada.residency_required = true;
    let tokyo = NewApp {
        region: "ap-tokyo".to_owned(),
        ..new_app("shop")
    };
    assert_eq!(
        create(&ada, tokyo).await.map(|_| ()).map_err(fields),
        Err(vec!["region".to_owned()])
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn lists_continue_after_a_key(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    for n in 0..53 {
        let mut form = new_app(&format!("shop-{n}"));
        form.name = format!("Shop {n:02}");
        form.environments = vec!["Production".to_owned()];
        create(&ada, form).await.expect("starts");
    }
    let first = apps::list(&ada, None, None).await.expect("lists");
    let rest = apps::list(&ada, first.next.clone(), None)
        .await
        .expect("lists");
    let names: Vec<String> = first
        .items
        .iter()
        .chain(&rest.items)
        .map(|app| app.name.clone())
        .collect();
    let expected: Vec<String> = (0..53).map(|n| format!("Shop {n:02}")).collect();
    assert_eq!((names, first.items.len(), rest.next), (expected, 50, None));
    assert!(Subdomain::parse("shop-1").is_ok());
    assert!(
        apps::list(&ada, Some("nonsense".to_owned()), None)
            .await
            .is_err()
    );
    world.run_operations().await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_app_of_the_page_is_in_the_list_wherever_it_stands_and_no_other(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let bo = world.person("Bo", "Contoso", Role::Customer).await;
    let (shop, desk) = (world.app(&ada, "shop").await, world.app(&bo, "desk").await);
    let listed = async |after: Option<String>, here: &Subdomain| -> Vec<String> {
        let list = apps::list(&ada, after, Some(here)).await.expect("lists");
        list.items.into_iter().map(|app| app.subdomain).collect()
    };
    assert_eq!(listed(None, &shop).await, ["shop"], "and only once");
    assert_eq!(listed(None, &desk).await, ["shop"]);
    // A page that goes on after the app.
    let after = "WyJaIiwiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIl0".to_owned();
    assert_eq!(listed(Some(after), &shop).await, ["shop"]);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_form_that_lost_its_key_is_refused_and_an_offer_has_one(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let form = NewApp {
        idempotency_key: String::new(),
        ..new_app("shop")
    };
    let refused = create(&ada, form).await.map(|_| ()).map_err(fields);
    assert_eq!(refused, Err(vec!["idempotency_key".to_owned()]));
    let form = NewApp {
        idempotency_key: offer(&ada).await.expect("is offered").idempotency_key,
        extra_environment: " Load ".to_owned(),
        ..new_app("shop")
    };
    let created = create(&ada, form).await.expect("starts");
    let details = apps::get(&ada, &created.subdomain).await.expect("is there");
    let cards = details.environments.into_iter();
    let names: Vec<_> = cards.map(|card| card.environment.name).collect();
    assert_eq!(names, ["Test", "Production", "Load"]);
    world.run_operations().await;
}

/// What a button says, and what the deed answers: they must be the same sentence.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_button_and_the_deed_give_the_same_reason(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let created = create(&ada, new_app("shop")).await.expect("starts");
    let shop = created.subdomain;
    let vi = world.viewer("Vi", "Northwind").await;
    for who in [&ada, &vi] {
        let button = apps::get(who, &shop).await.expect("is there").delete;
        let deed = delete(who, &shop, "Shop").await.expect_err("is refused");
        assert_eq!(button.reason(), Some(deed.to_string()));
    }
    world.run_operations().await;
    delete(&ada, &shop, "Shop").await.expect("starts");
    let button = apps::get(&ada, &shop).await.expect("is there").delete;
    let deed = delete(&ada, &shop, "Shop").await.expect_err("is refused");
    assert_eq!(button.reason(), Some(deed.to_string()));
    world.run_operations().await;
}
