//! Tests of regions and plans as rows, and of what serves each region.

use crate::second_postgres::SecondPostgres;
use crate::silent_engine::SilentEngine;
use crate::world::{World, new_app, until};
use control::apps;
use control::apps::create::create;
use control::ctx::Ctx;
use control::environments::{self, desired_change};
use control::error::Error;
use control::model::regions::{NewRegion, Serving};
use control::operations;
use control::regions;
use domain::ids::OperationId;
use domain::names::Subdomain;
use domain::regions::UncheckedRegion;
use domain::roles::Role;
use domain::scaling::Scale;
use domain::states::OperationState;
use secrecy::SecretString;
use sqlx::{Connection, PgConnection, PgPool};
use std::collections::BTreeMap;
use std::sync::Arc;
use views::apps::NewApp;

const ENGINE: &str = "/engines/second.sock";

fn new_region(code: &str, serving: Serving) -> NewRegion {
    NewRegion {
        region: UncheckedRegion {
            code: code.to_owned(),
            name: "Western Europe".to_owned(),
            city: "Lisbon".to_owned(),
            data_place: "Lisbon, Portugal".to_owned(),
            data_jurisdiction: "EU".to_owned(),
            backups_place: "Dublin, Ireland".to_owned(),
            backups_jurisdiction: "EU".to_owned(),
        },
        takes_apps: true,
        serving,
    }
}

fn on_second_engine() -> Serving {
    Serving {
        engine: Some(ENGINE.to_owned()),
        ..Serving::default()
    }
}

pub async fn people(world: &World) -> (Ctx, Ctx) {
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    (ada, world.person("Grace", "Northwind", Role::Admin).await)
}

pub async fn app_in(world: &World, ctx: &Ctx, subdomain: &str, region: &str) -> Subdomain {
    let form = NewApp {
        name: subdomain.to_owned(),
        region: region.to_owned(),
        ..new_app(subdomain)
    };
    let created = create(ctx, form).await.expect("starts");
    world.run_operations().await;
    created.subdomain
}

pub async fn succeeds(ctx: &Ctx, operation: OperationId) {
    until(async || {
        let found = operations::get(ctx, operation).await.expect("is there");
        (found.summary.state == OperationState::Succeeded).then_some(())
    })
    .await;
}

pub async fn is_observed(ctx: &Ctx, app: &Subdomain) {
    until(async || {
        let found = environments::get(ctx, app, "test").await.expect("answers");
        found.observed_at.map(|_| ())
    })
    .await;
}

async fn databases(url: &str) -> Vec<String> {
    let mut server = PgConnection::connect(url).await.expect("it answers");
    sqlx::query_scalar("select datname::text from pg_database where datname like 'env\\_%'")
        .fetch_all(&mut server)
        .await
        .expect("reads")
}

pub async fn execute(pool: &PgPool, statement: &'static str) {
    sqlx::query(statement)
        .execute(pool)
        .await
        .expect("is written");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_first_regions_and_their_residency_follow_the_faq(pool: PgPool) {
    let world = World::new(pool);
    let (ada, _) = people(&world).await;
    let offers = regions::list(&ada).await.expect("lists");
    let facts: Vec<_> = offers
        .into_iter()
        .map(|offer| offer.region.expect("can be used"))
        .map(|region| {
            let tag = |location: &domain::regions::Location| location.jurisdiction.code.to_string();
            (
                region.code.to_string(),
                tag(&region.data) + " " + &tag(&region.backups),
                region.backups_stay(),
            )
        })
        .collect();
    let expected = [
        ("eu-frankfurt", "EU EU", true),
        ("us-north-virginia", "US US", true),
        ("ap-tokyo", "JP AU", false),
        ("uk-london", "UK EU", false),
    ];
    let expected = expected.map(|(code, tags, stay)| (code.to_owned(), tags.to_owned(), stay));
    assert_eq!(facts, expected);
    let plans = control::plans::list(&ada).await.expect("lists");
    let plans: Vec<_> = plans.iter().map(|it| (it.code(), it.is_default)).collect();
    assert_eq!(
        plans,
        [
            ("S20", false),
            ("M20", true),
            ("L20", false),
            ("XL20", false)
        ]
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_region_that_is_a_row_has_an_engine_and_a_database_server_of_its_own(pool: PgPool) {
    let second = SecondPostgres::start();
    let world = World::new(pool.clone());
    let (ada, grace) = people(&world).await;
    let url = second.url.replace("postgres@", "postgres:open-sesame@");
    let serving = Serving {
        postgres: Some(SecretString::from(url)),
        buckets: Some(world.folder.path().join("lisbon")),
        ..on_second_engine()
    };
    regions::put(&grace, new_region("eu-lisbon", serving))
        .await
        .expect("is written");
    let offers = regions::list(&ada).await.expect("lists");
    let offer = offers.iter().find(|offer| offer.code() == "eu-lisbon");
    assert_eq!(offer.expect("is offered").refusal, None);

    let depot = app_in(&world, &ada, "depot", "eu-lisbon").await;
    let package = world.upload(&ada, &depot, "1.0.0").await.expect("is kept");
    desired_change::deploy(&ada, &depot, "test", package)
        .await
        .expect("starts");
    world.run_operations().await;
    let environment = environments::get(&ada, &depot, "test")
        .await
        .expect("is there");
    assert!(world.engine.workload(environment.id).is_none());
    let workload = world.second.workload(environment.id);
    let template = workload.expect("is there").template.expect("is deployed");
    let end_of_url = format!(":{}/postgres", template.database.port);
    assert!(second.url.ends_with(&end_of_url), "{end_of_url}");
    assert_eq!(databases(&second.url).await.len(), 2);
    assert!(databases(&second.url).await.contains(&environment.database));
    let here: i64 = sqlx::query_scalar("select count(*) from pg_database where datname = $1")
        .bind(&environment.database)
        .fetch_one(&pool)
        .await
        .expect("counts");
    assert_eq!(here, 0);
    let bucket = world.folder.path().join("lisbon");
    assert!(bucket.join(environment.id.to_string()).is_dir());

    apps::delete::delete(&ada, &depot, "depot")
        .await
        .expect("starts");
    world.run_operations().await;
    assert!(world.second.workload(environment.id).is_none());
    assert_eq!(databases(&second.url).await, Vec::<String>::new());
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_engine_that_is_silent_for_ever_holds_up_no_other_region(pool: PgPool) {
    let (world, first) = World::with_default(pool, SilentEngine::new);
    let (ada, grace) = people(&world).await;
    regions::put(&grace, new_region("eu-lisbon", on_second_engine()))
        .await
        .expect("is written");
    let shop = app_in(&world, &ada, "shop", "eu-frankfurt").await;
    let depot = app_in(&world, &ada, "depot", "eu-lisbon").await;
    let for_shop = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    let for_depot = world.upload(&ada, &depot, "1.0.0").await.expect("is kept");

    first.fall_silent();
    let _background = world.background();
    let held = desired_change::deploy(&ada, &shop, "test", for_shop)
        .await
        .expect("starts");
    let goes_on = desired_change::deploy(&ada, &depot, "test", for_depot)
        .await
        .expect("starts");
    succeeds(&ada, goes_on).await;
    is_observed(&ada, &depot).await;
    let scale = Scale {
        instances: 2,
        memory_mib: 512,
    };
    let scaling = desired_change::scale(&ada, &depot, "test", scale).await;
    succeeds(&ada, scaling.expect("starts")).await;

    // A region that appears now, with another engine, needs no restart.
    let other = Serving {
        engine: Some("/engines/third.sock".to_owned()),
        ..Serving::default()
    };
    regions::put(&grace, new_region("eu-porto", other))
        .await
        .expect("is written");
    let form = NewApp {
        region: "eu-porto".to_owned(),
        ..new_app("cellar")
    };
    let created = create(&ada, form).await.expect("starts");
    succeeds(&ada, created.operation).await;
    is_observed(&ada, &created.subdomain).await;

    // The pages of the silent one answer all the same.
    let page = environments::get(&ada, &shop, "test").await;
    let page = page.expect("answers");
    assert!(page.observed_at.is_none(), "nothing is known of it");
    assert_eq!(page.sandbox, "", "it has told nothing of itself");
    until(async || {
        let other = environments::get(&ada, &created.subdomain, "test").await;
        (!other.expect("answers").sandbox.is_empty()).then_some(())
    })
    .await;
    environments::debugger::get(&ada, &shop, "test")
        .await
        .expect("answers");
    assert_eq!(
        apps::list(&ada, None, None)
            .await
            .expect("lists")
            .items
            .len(),
        3
    );
    let held = operations::get(&ada, held).await.expect("is there");
    assert!(
        held.summary.finished_at.is_none(),
        "it waits for its engine"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn regions_are_written_by_admins_audited_and_without_a_secret_in_clear(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, grace) = people(&world).await;
    let serving = || Serving {
        postgres: Some(SecretString::from("postgres://admin:open-sesame@db/x")),
        ..Serving::default()
    };
    let refused = regions::put(&ada, new_region("eu-lisbon", serving())).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    regions::put(&grace, new_region("eu-lisbon", serving()))
        .await
        .expect("is written");
    let again = NewRegion {
        takes_apps: false,
        ..new_region("eu-lisbon", serving())
    };
    regions::put(&grace, again).await.expect("is written over");
    let offers = regions::list(&ada).await.expect("lists");
    let offer = offers.iter().find(|offer| offer.code() == "eu-lisbon");
    let refusal = offer.expect("is there").refusal.clone();
    assert!(refusal.is_some_and(|why| why.contains("no new apps")));

    let rows: Vec<(String, String, Option<String>)> = sqlx::query_as(
        "select result, details::text, subject_kind from audit_events where action = 'region.manage' order by at",
    )
    .fetch_all(&pool)
    .await
    .expect("reads");
    let outcomes: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(outcomes, ["refused", "done", "done"]);
    assert_eq!(rows[1].2.as_deref(), Some("region"));
    let stored: Vec<u8> =
        sqlx::query_scalar("select postgres_admin_url from regions where code = 'eu-lisbon'")
            .fetch_one(&pool)
            .await
            .expect("reads");
    let everything = format!("{rows:?} {}", String::from_utf8_lossy(&stored));
    assert!(!everything.contains("open-sesame"), "{everything}");

    let mut wrong = new_region("EU Lisbon", Serving::default());
    let field = async |region: NewRegion| match regions::put(&grace, region).await {
        Err(Error::Invalid(errors)) => errors[0].field.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(field(wrong.clone()).await, "code");
    "eu-lisbon".clone_into(&mut wrong.region.code);
    "UK".clone_into(&mut wrong.region.backups_jurisdiction);
    assert_eq!(field(wrong.clone()).await, "backups_jurisdiction");
    "EU".clone_into(&mut wrong.region.backups_jurisdiction);
    wrong.serving.engine = Some("cell.sock".to_owned());
    assert_eq!(field(wrong.clone()).await, "engine");
    wrong.serving.engine = None;
    wrong.serving.postgres = Some(SecretString::from("mysql://db"));
    assert_eq!(field(wrong).await, "postgres");

    world.app(&ada, "shop").await;
    let gone = sqlx::query("delete from regions where code = 'eu-frankfurt'")
        .execute(&pool)
        .await
        .expect_err("an app is in it");
    let gone = gone
        .as_database_error()
        .and_then(|error| error.constraint());
    assert_eq!(gone, Some("apps_region_fkey"));
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_the_settings_say_of_a_region_comes_before_its_row(pool: PgPool) {
    let mut world = World::new(pool.clone());
    let settings = |code: &str, serving: Serving| {
        let code = domain::regions::RegionCode::parse(code).expect("a code");
        BTreeMap::from([(code, serving)])
    };
    let runtime = |name: &str| Serving {
        runtime: Some(name.to_owned()),
        ..Serving::default()
    };
    let state = Arc::get_mut(&mut world.state).expect("nobody else has it");
    state.config.regions = settings("eu-lisbon", runtime("from-settings"));
    let refused = regions::check_settings(&world.state).await;
    let refused = refused.expect_err("it has no row").to_string();
    assert!(refused.contains("regions.eu-lisbon") && refused.contains("eu-frankfurt"));

    let (ada, grace) = people(&world).await;
    let row = Serving {
        runtime: Some("from-the-row".to_owned()),
        ..on_second_engine()
    };
    regions::put(&grace, new_region("eu-lisbon", row))
        .await
        .expect("is written");
    regions::check_settings(&world.state)
        .await
        .expect("is good");
    let depot = app_in(&world, &ada, "depot", "eu-lisbon").await;
    let package = world.upload(&ada, &depot, "1.0.0").await.expect("is kept");
    desired_change::deploy(&ada, &depot, "test", package)
        .await
        .expect("starts");
    world.run_operations().await;
    let page = environments::get(&ada, &depot, "test").await;
    let workload = world.second.workload(page.expect("answers").id);
    let template = workload.and_then(|workload| workload.template);
    assert_eq!(template.expect("is deployed").runtime, "from-settings");

    drop((ada, grace));
    let state = Arc::get_mut(&mut world.state).expect("nobody else has it");
    let bad = Serving {
        engine: Some("cell.sock".to_owned()),
        ..Serving::default()
    };
    state.config.regions = settings("eu-lisbon", bad);
    let refused = regions::check_settings(&world.state).await;
    let refused = refused.expect_err("is no address").to_string();
    assert!(refused.contains("regions.eu-lisbon.engine"), "{refused}");
}
