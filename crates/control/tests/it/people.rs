//! Tests of people: sign-in, deactivation, the audit trail.

use crate::world::{World, sign_in};
use control::error::Error;
use control::people;
use domain::permissions::Role;
use sqlx::PgPool;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_invited_person_is_bound_at_the_first_sign_in(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let again = people::sign_in(&world.state, sign_in("ada@example.com"))
        .await
        .expect("signs in");
    assert_eq!(
        (again.id, again.company_name.as_str()),
        (ada.actor.person, "Northwind")
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
async fn a_deactivated_person_is_out_at_once(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    people::deactivate(&world.state, ada.actor.person)
        .await
        .expect("deactivates");
    let ctx = people::ctx(&world.state, ada.actor.person, "test".to_owned())
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
