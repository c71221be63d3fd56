//! Tests of what environments take of disks: stored, told, and held to the plan.

use crate::world::{World, new_app, until};
use control::apps::create::create;
use control::environments;
use control::environments::desired_change::{deploy, restart};
use domain::disk::Level;
use domain::ids::EnvironmentId;
use domain::roles::Role;
use domain::states::Tone;
use engine::usage::{DiskUse, Room, Usage};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, PgPool};
use time::OffsetDateTime;
use views::environments::EnvironmentDetails;

const GIB: u64 = 1 << 30;

/// The plan that new apps of these tests have allows so little.
async fn small_plan(pool: &PgPool) {
    sqlx::query("update plans set database_disk_gib = 1, files_gib = 1")
        .execute(pool)
        .await
        .expect("is small");
}

fn files(at: OffsetDateTime, id: EnvironmentId, bytes: u64, held: bool) -> Usage {
    Usage {
        room: Some(Room {
            memory_mib: 4096,
            memory_free_mib: 1024,
            disk_bytes: 100 * GIB,
            disk_free_bytes: 50 * GIB,
        }),
        environments: vec![DiskUse {
            id,
            files_bytes: bytes,
            files: 7,
            run_bytes: 12 << 20,
            held,
            measured_at: at,
        }],
    }
}

fn told(details: &EnvironmentDetails) -> Vec<(Tone, &str)> {
    let events = details.events.iter();
    events.map(|it| (it.tone, it.message.as_str())).collect()
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn files_are_shown_beside_the_plan_and_told_as_they_near_it(pool: PgPool) {
    let world = World::new(pool.clone());
    small_plan(&pool).await;
    let (ada, shop) = world.shop().await;
    let get = async || {
        environments::get(&ada, &shop, "test")
            .await
            .expect("is there")
    };
    let id = get().await.id;
    let _background = world.background();
    for (bytes, held, level, tone, words) in [
        (
            GIB / 10 * 9,
            false,
            Level::Near,
            Tone::Warn,
            "Its files take",
        ),
        (
            GIB + 1,
            false,
            Level::Over,
            Tone::Bad,
            "they may grow no further",
        ),
        (GIB * 2, true, Level::Held, Tone::Bad, "deleting works"),
        (
            1 << 20,
            false,
            Level::Fine,
            Tone::Ok,
            "well within the plan again",
        ),
    ] {
        world
            .engine
            .measures(files(world.state.now(), id, bytes, held));
        let shown = until(async || {
            let shown = get().await;
            let files = shown.usage.files.clone()?;
            (files.bytes == bytes && files.level == level).then_some(shown)
        })
        .await;
        let files = shown.usage.files.clone().expect("measured");
        assert_eq!((files.allowed, shown.usage.file_count), (Some(GIB), 7));
        assert_eq!(shown.usage.held.is_some(), held, "{:?}", shown.usage.held);
        let (said_tone, said) = told(&shown)[0];
        assert_eq!(said_tone, tone, "{said}");
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(told(&get().await).len(), 4, "each is told once");
}

/// A connection as the app has it, or why it gets none.
async fn as_app(pool: &PgPool, details: &EnvironmentDetails) -> sqlx::Result<PgConnection> {
    let options = (*pool.connect_options()).clone();
    let (database, role) = (&details.database, &details.database);
    options.database(database).username(role).connect().await
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_database_beyond_its_plan_is_closed_and_opened_to_delete_in_it(pool: PgPool) {
    let world = World::new(pool.clone());
    small_plan(&pool).await;
    let (ada, shop) = world.shop().await;
    world.deployed(&ada, &shop).await;
    let get = async || {
        environments::get(&ada, &shop, "test")
            .await
            .expect("is there")
    };
    let _background = world.background();
    let shown = until(async || {
        let shown = get().await;
        shown.usage.database.is_some().then_some(shown)
    })
    .await;
    let size = shown.usage.database.clone().expect("measured");
    assert!(
        size.bytes > 1 << 20 && size.level == Level::Fine,
        "{size:?}"
    );
    let mut app = as_app(&pool, &shown).await.expect("gets in");

    // Without a line in the log, and not packed: only its size matters.
    for statement in [
        "create unlogged table stock (text text)",
        "alter table stock alter text set storage external",
        "insert into stock select repeat(md5(g::text), 32768) from generate_series(1, 1200) g",
    ] {
        app.execute(statement).await.expect("it grows");
    }
    let closed = until(async || {
        let shown = get().await;
        shown.usage.held.is_some().then_some(shown)
    })
    .await;
    assert!(app.ping().await.is_err(), "its connections have ended");
    let refused = as_app(&pool, &closed).await.expect_err("no way in");
    assert!(
        refused
            .to_string()
            .contains("too many connections for role"),
        "{refused}"
    );
    assert!(
        told(&closed)
            .iter()
            .any(|(_, it)| it.contains("takes no connections any more"))
    );
    let words = closed.usage.held.expect("held");
    assert!(words.contains("open for an hour"), "{words}");

    // After an hour of deleting it is told as well.
    pool.execute(
        "update environment_usage set closed_at = null, closed_for = null, open_until = now()",
    )
    .await
    .expect("the hour is over");
    let closings = async || {
        let shown = get().await;
        let told = told(&shown).into_iter();
        told.filter(|(_, it)| it.contains("takes no connections any more"))
            .count()
    };
    until(async || (closings().await == 2).then_some(())).await;

    // Somebody acts: it is open to delete in it, although it is still too large.
    restart(&ada, &shop, "test").await.expect("starts");
    let mut app = until(async || as_app(&pool, &shown).await.ok()).await;
    app.execute("truncate stock").await.expect("deleted");
    let open = until(async || {
        let shown = get().await;
        shown.usage.held.is_none().then_some(shown)
    })
    .await;
    assert!(
        told(&open).iter().any(|(_, it)| it.contains("for an hour")),
        "{:?}",
        told(&open)
    );
    app.ping().await.expect("and stays in");

    // Closed on the server, and then the portal broke off.
    let close = format!("alter role {} connection limit 0", shown.database);
    pool.execute(close.as_str()).await.expect("is closed");
    until(async || as_app(&pool, &shown).await.ok()).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn connections_are_promised_once_shown_as_promised_and_never_more_than_there_are(
    pool: PgPool,
) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let shown = environments::get(&ada, &shop, "test")
        .await
        .expect("is there");
    let of_role = async |role: &str| -> i32 {
        sqlx::query_scalar("select rolconnlimit from pg_roles where rolname = $1")
            .bind(role)
            .fetch_one(&pool)
            .await
            .expect("a role")
    };
    let limit = of_role(&shown.database).await;
    assert_eq!(i64::from(shown.connections), i64::from(limit));

    // Everything else is promised to others.
    let all = 1_000_000;
    sqlx::query("update environments set connections = $1 where slug = 'test'")
        .bind(all)
        .execute(&pool)
        .await
        .expect("is promised");
    let bob = world.person("Bob", "Southwind", Role::Customer).await;
    let created = create(&bob, new_app("store")).await.expect("starts");
    world.run_operations().await;
    let ended = control::operations::get(&bob, created.operation).await;
    let ended = format!("{ended:?}");
    assert!(ended.contains("has no connections left"), "{ended}");
    let left: i64 = sqlx::query_scalar("select count(*) from apps where subdomain = 'store'")
        .fetch_one(&pool)
        .await
        .expect("counted");
    assert_eq!(left, 0, "its name is free again");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_the_engine_has_no_room_for_ends_in_its_words_and_what_was_before(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let package = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    world.engine.has_room_for(Some(0));
    let operation = deploy(&ada, &shop, "test", package).await.expect("starts");
    world.run_operations().await;
    let ended = control::operations::get(&ada, operation)
        .await
        .expect("is there");
    let text = format!("{ended:?}");
    assert!(
        text.contains("It needs") && text.contains("are free"),
        "{text}"
    );
    let shown = environments::get(&ada, &shop, "test")
        .await
        .expect("is there");
    assert!(shown.package.is_none() && !shown.runs(), "as it was before");
    world.engine.has_room_for(None);
    deploy(&ada, &shop, "test", package).await.expect("starts");
    world.run_operations().await;
    assert!(
        environments::get(&ada, &shop, "test")
            .await
            .expect("is there")
            .runs()
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_database_that_lets_nobody_in_is_measured_all_the_same(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let get = async || {
        environments::get(&ada, &shop, "test")
            .await
            .expect("is there")
    };
    let details = get().await;
    let name = &details.database;
    as_app(&pool, &details)
        .await
        .expect("gets in")
        .execute(&*format!("revoke all on database {name} from {name}"))
        .await
        .expect("is closed");
    let _background = world.background();
    until(async || get().await.usage.database).await;
}
