//! Tests of people: sign-in, deactivation, the audit trail.

use crate::world::{World, sign_in};
use control::ctx::Ctx;
use control::error::Error;
use control::{people, rights};
use domain::rights::RULES;
use domain::roles::Role;
use sqlx::PgPool;
use views::rights::RightsGroup;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_invited_person_is_bound_at_the_first_sign_in(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let again = people::sign_in(&world.state, sign_in("ada@example.com"))
        .await
        .expect("signs in");
    assert_eq!(
        (again.id, again.company_name.as_str()),
        (ada.person().expect("a person"), "Northwind")
    );

    // Somebody else with the same address is not Ada: the address was bound once.
    let mut other = sign_in("ada@example.com");
    other.subject = "another subject".to_owned();
    assert!(matches!(
        people::sign_in(&world.state, other).await,
        Err(Error::Forbidden(_))
    ));
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn people_stay_themselves_when_the_issuer_is_another(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let mut moved = sign_in("ada@example.com");
    moved.issuer = "https://id.northwind.example".to_owned();
    moved.subject = "4711".to_owned();
    let mut unverified = moved.clone();
    unverified.email_verified = false;
    assert!(matches!(
        people::sign_in(&world.state, unverified).await,
        Err(Error::Forbidden(_))
    ));
    let again = people::sign_in(&world.state, moved.clone()).await;
    assert_eq!(again.expect("signs in").id, ada.person().expect("a person"));

    // That issuer has named Ada now, so another of its subjects is somebody else.
    moved.subject = "4712".to_owned();
    assert!(matches!(
        people::sign_in(&world.state, moved).await,
        Err(Error::Forbidden(_))
    ));
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn who_is_added_must_be_sound_and_is_added_once(pool: PgPool) {
    let world = World::new(pool);
    let ada = people::SeedPerson {
        email: "ada@example.com".to_owned(),
        name: "Ada".to_owned(),
        role: Role::Customer,
        company: "Northwind".to_owned(),
    };
    assert!(people::add(&world.state, &ada).await.expect("is added"));
    assert!(!people::add(&world.state, &ada).await.expect("is known"));
    for (field, person) in [
        (
            "email",
            people::SeedPerson {
                email: "ada".to_owned(),
                ..ada.clone()
            },
        ),
        (
            "email",
            people::SeedPerson {
                email: "a da@example.com".to_owned(),
                ..ada.clone()
            },
        ),
        (
            "name",
            people::SeedPerson {
                name: " ".to_owned(),
                ..ada.clone()
            },
        ),
        (
            "company",
            people::SeedPerson {
                company: "North\0wind".to_owned(),
                ..ada.clone()
            },
        ),
    ] {
        let refused = people::add(&world.state, &person).await;
        assert!(
            matches!(&refused, Err(Error::Invalid(errors)) if errors[0].field == field),
            "{person:?}: {refused:?}"
        );
    }
    let everyone = people::list(&world.state).await.expect("a list");
    assert_eq!(everyone.len(), 1, "{everyone:?}");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn strangers_and_unverified_addresses_are_refused_and_audited(pool: PgPool) {
    let world = World::new(pool);
    let seed = people::SeedPerson {
        email: "bo@example.com".to_owned(),
        name: "Bo".to_owned(),
        role: Role::Customer,
        company: "Northwind".to_owned(),
    };
    people::seed(&world.state, &[seed]).await.expect("seeds");
    let mut unverified = sign_in("bo@example.com");
    unverified.email_verified = false;
    assert!(matches!(
        people::sign_in(&world.state, unverified).await,
        Err(Error::Forbidden(_))
    ));
    assert!(matches!(
        people::sign_in(&world.state, sign_in("eve@example.com")).await,
        Err(Error::Forbidden(_))
    ));
    let refused: i64 = sqlx::query_scalar(
        "select count(*) from audit_events where action = 'person.sign_in' and result = 'refused'",
    )
    .fetch_one(&world.state.pool)
    .await
    .expect("counts");
    assert_eq!(refused, 2);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn tabs_that_sign_in_first_at_once_are_all_the_same_person(pool: PgPool) {
    let world = World::new(pool);
    let seed = people::SeedPerson {
        email: "bo@example.com".to_owned(),
        name: "Bo".to_owned(),
        role: Role::Customer,
        company: "Northwind".to_owned(),
    };
    people::seed(&world.state, &[seed]).await.expect("seeds");
    let tab = || people::sign_in(&world.state, sign_in("bo@example.com"));
    let tabs = futures::future::join_all((0..4).map(|_| tab())).await;
    for tab in &tabs {
        assert!(tab.is_ok(), "{tab:?}");
    }
    let bound: Vec<(String, String)> = sqlx::query_as(
        "select target, details->>'issuer_subject' from audit_events where action = 'person.bind'",
    )
    .fetch_all(&world.state.pool)
    .await
    .expect("the trail");
    let expected = ("bo@example.com", "subject of bo@example.com");
    assert_eq!(bound, [(expected.0.to_owned(), expected.1.to_owned())]);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_refusal_says_what_is_missing(pool: PgPool) {
    let world = World::new(pool);
    let stranger = sign_in("eve@example.com");
    let unverified = people::SignIn {
        email_verified: false,
        ..stranger.clone()
    };
    let nameless = people::SignIn {
        email: String::new(),
        ..unverified.clone()
    };
    for (sign_in, words) in [
        (stranger, "Nobody has invited you"),
        (unverified, "has not verified your email address"),
        (nameless, "did not say your email address"),
    ] {
        let refused = people::sign_in(&world.state, sign_in).await;
        assert!(
            matches!(&refused, Err(Error::Forbidden(reason)) if reason.contains(words)),
            "{words}: {refused:?}"
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_deactivated_person_is_out_at_once(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    people::deactivate(&world.state, ada.person().expect("a person"))
        .await
        .expect("deactivates");
    let ctx = people::ctx(
        &world.state,
        ada.person().expect("a person"),
        "test".to_owned(),
    )
    .await
    .expect("loads");
    assert!(ctx.is_none());
    assert!(matches!(
        people::sign_in(&world.state, sign_in("ada@example.com")).await,
        Err(Error::Forbidden(_))
    ));
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_audit_trail_takes_no_change(pool: PgPool) {
    let world = World::new(pool);
    world.person("Ada", "Northwind", Role::Customer).await;
    for change in [
        "update audit_events set person_name = 'Eve'",
        "delete from audit_events",
        "truncate audit_events",
    ] {
        assert!(
            sqlx::query(change)
                .execute(&world.state.pool)
                .await
                .is_err(),
            "{change}"
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn other_roles_of_the_server_may_not_connect_to_the_portals_database(pool: PgPool) {
    let open: bool = sqlx::query_scalar(
        "select exists (select 1 from pg_database d, aclexplode(d.datacl) a where d.datname = current_database() and a.grantee = 0)",
    )
    .fetch_one(&pool)
    .await
    .expect("reads");
    assert!(!open);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_page_of_rights_says_what_one_has(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let cora = world
        .person("Cora", "Northwind", Role::CustomerSuccess)
        .await;
    world.app(&ada, "shop").await;
    let vi = world.viewer("Vi", "Northwind").await;
    let yours = async |ctx: &Ctx, action: &str| {
        let groups = rights::list(ctx).await.expect("lists");
        let has = |group: &&RightsGroup| group.actions.iter().any(|each| each == action);
        groups.iter().find(has).expect("is there").yours.clone()
    };
    assert_eq!(yours(&ada, "create an app").await, "Yes");
    assert_eq!(yours(&cora, "create an app").await, "No");
    assert_eq!(yours(&ada, "delete the app").await, "In 1 app");
    assert_eq!(yours(&vi, "delete the app").await, "In no app");
    assert_eq!(yours(&vi, "see the app").await, "In 1 app");
    let groups = rights::list(&ada).await.expect("lists");
    let rows: usize = groups.iter().map(|group| group.actions.len()).sum();
    assert_eq!(rows, RULES.len(), "every right is explained, once");

    let session = people::session(&cora);
    assert_eq!(session.role, Some(Role::CustomerSuccess));
    assert_eq!(
        (session.name.as_str(), session.company.as_str()),
        ("Cora", "Northwind")
    );
    assert!(!session.create_app.is_allowed());
}
