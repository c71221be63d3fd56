//! Tests of uploads during which something changes, and of commits whose outcome nobody knows.

use crate::world::{World, new_app, package};
use bytes::Bytes;
use control::ctx::Ctx;
use control::error::{Error, Result};
use control::packages::upload::upload;
use control::{apps, environments, packages, people};
use domain::ids::PackageId;
use domain::names::Subdomain;
use futures::{StreamExt, stream};
use sqlx::PgPool;

/// An upload during which `statement` is carried out for its person.
async fn upload_while(ctx: &Ctx, app: &Subdomain, statement: &'static str) -> Result<PackageId> {
    let mut first = Bytes::from(package("1.0.0", "9.24.2"));
    let rest = first.split_off(40);
    let meanwhile = async {
        sqlx::query(statement)
            .bind(ctx.person().expect("a person").uuid())
            .execute(&ctx.state.pool)
            .await
            .expect("is done");
        Ok(rest)
    };
    let body = stream::iter([Ok(first)]).chain(stream::once(meanwhile));
    upload(ctx, app, "shop.mda", None, body).await
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_upload_needs_its_rights_when_it_ends_as_well(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    sqlx::query("update people set session_generation = 7")
        .execute(&ada.state.pool)
        .await
        .expect("is written");
    let person = ada.person().expect("a person");
    let session = people::ctx_of_session(&ada.state, person, 7, "test".to_owned());
    let session = session.await.expect("loads").expect("holds");
    let ended = "update people set session_generation = 8 where id = $1";
    let refused = upload_while(&session, &shop, ended).await;
    let refused = refused.expect_err("is refused").to_string();
    assert!(refused.contains("has ended"), "{refused}");
    assert!(world.stored_files().is_empty());
    for (statement, words) in [
        (
            "update people set deactivated_at = now() where id = $1",
            "has ended",
        ),
        (
            "update app_members set role = 'viewer' where person_id = $1",
            "may not",
        ),
    ] {
        sqlx::query("update people set deactivated_at = null")
            .execute(&ada.state.pool)
            .await
            .expect("is active");
        let refused = upload_while(&ada, &shop, statement).await;
        let refused = refused.expect_err("is refused");
        assert!(matches!(refused, Error::Forbidden(_)), "{refused:?}");
        assert!(refused.to_string().contains(words), "{refused}");
        assert!(
            world.stored_files().is_empty(),
            "{:?}",
            world.stored_files()
        );
    }
    let list = packages::list(&ada, &shop, None).await.expect("lists");
    assert!(list.items.is_empty());
}

/// The server ends the connection in the midst of the commit, before or after it is one.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_commit_of_unknown_outcome_is_said_to_be_one_and_its_file_stays(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    for statement in [
        "create function break_off() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$",
        "create constraint trigger breaks_off after insert on packages deferrable initially deferred for each row execute function break_off()",
    ] {
        sqlx::query(statement)
            .execute(&pool)
            .await
            .expect("is made");
    }
    let unknown = world.upload(&ada, &shop, "1.0.0").await;
    let unknown = unknown.expect_err("breaks off");
    assert!(matches!(unknown, Error::Unavailable { .. }), "{unknown:?}");
    let said = unknown.to_string();
    assert!(
        said.contains("before it said whether this was done"),
        "{said}"
    );
    assert!(!said.contains("Nothing was"), "{said}");
    assert_eq!(world.stored_files().len(), 1, "the sweep finds out");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_text_with_a_nul_is_refused_in_words_and_a_refusal_with_one_is_audited(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let by_slug = environments::get(&ada, &shop, "te\0st").await.err();
    let mut named = new_app("other");
    named.name = "Sh\0op".to_owned();
    let by_name = apps::create::create(&ada, named.clone()).await.err();
    let cursor = "WyJhXHUwMDAwYiIsIjAxODkwYTVkLWFjOTYtNzc0Yi1iY2NlLWIzMDIwOTlhODA1NyJd";
    let by_cursor = apps::list(&ada, Some(cursor.to_owned()), None).await.err();
    for refused in [by_slug, by_name, by_cursor] {
        let refused = refused.expect("is refused");
        assert!(refused.is_refusal(), "{refused:?}");
    }
    let cs = world
        .person("Cecil", "Northwind", domain::roles::Role::CustomerSuccess)
        .await;
    let refused = apps::create::create(&cs, named).await.expect_err("may not");
    assert!(matches!(refused, Error::Forbidden(_)), "{refused:?}");
    let audited: i64 = sqlx::query_scalar(
        "select count(*) from audit_events where result = 'refused' and action = 'app.create'",
    )
    .fetch_one(&pool)
    .await
    .expect("counts");
    assert_eq!(audited, 1);
}
