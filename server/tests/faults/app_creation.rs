//! A portal that dies while it creates an app: the next one completes it.

use crate::browser::Browser;
use crate::wait::{turn, until};
use crate::world::{APP, Portal, World};
use domain::ids::EnvironmentId;
use engine::Engine;
use futures::StreamExt;
use futures::stream;
use rand::Rng;
use reqwest::StatusCode;
use rustix::process::Signal;

/// Installations at one time: each waits most of the time until the dead worker's lease has run out.
const AT_ONCE: usize = 5;
const STEPS: [&str; 5] = ["names", "databases", "buckets", "routes", "ready"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_that_dies_at_any_step_leaves_nothing_unfinished() {
    let _turn = turn().await;
    let points = STEPS
        .iter()
        .flat_map(|step| ["before", "after"].map(|when| format!("app_create:{step}:{when}:abort")));
    stream::iter(points)
        .for_each_concurrent(AT_ONCE, |point| Box::pin(dies_at(point)))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_killed_at_any_moment_leaves_nothing_unfinished() {
    let _turn = turn().await;
    stream::iter(0..3)
        .for_each_concurrent(AT_ONCE, |_| Box::pin(killed_at_random()))
        .await;
}

async fn dies_at(point: String) {
    let world = World::new().await;
    let portal = world.portal(Some(&point)).await;
    let browser = world.signed_in(&portal).await;
    // The portal may die before it has answered.
    drop(World::creation(&browser).send().await);
    let signal = portal.program.ended().await;
    assert_eq!(
        signal,
        Some(Signal::ABORT.as_raw()),
        "{point}: the portal ends itself"
    );
    let app = world.database.app(APP).await.expect("the app's row");
    let left = world
        .database
        .operation(app.0)
        .await
        .expect("the operation");
    assert!(!left.finished, "{point}: {left:?}");
    let portal = world.portal(None).await;
    is_completed(&world, &browser, &portal, &point).await;
    println!("{point}: completed by the next portal");
}

async fn killed_at_random() {
    let lines = rand::rng().random_range(0..=6);
    let what = format!("killed once the operation's log had {lines} lines");
    let world = World::new().await;
    let portal = world.portal(None).await;
    let browser = world.signed_in(&portal).await;
    let answer = tokio::spawn(World::creation(&browser).send());
    let database = &world.database;
    until(&what, async || {
        let (app, _) = database.app(APP).await?;
        let operation = database.operation(app).await?;
        let question = "select count(*) from saga_log where saga_id = $1::uuid";
        let logged = database.count(question, &operation.id.to_string()).await;
        (logged >= lines || operation.finished).then_some(())
    })
    .await;
    portal.program.kill();
    drop(answer.await);
    let portal = world.portal(None).await;
    is_completed(&world, &browser, &portal, &what).await;
    println!("{what}: completed");
}

/// Waits for the end of the operation and looks at everything that it was to make.
async fn is_completed(world: &World, browser: &Browser, portal: &Portal, what: &str) {
    let database = &world.database;
    let (app, _) = database.app(APP).await.expect("the app's row");
    let operation = world.finished(app).await;
    assert_eq!(
        operation.state,
        "succeeded",
        "{what}: {operation:?}\n{}",
        portal.program.told()
    );
    assert_eq!(
        database.app(APP).await.expect("the app").1,
        "ready",
        "{what}"
    );
    let environments = database.environments(APP).await;
    assert_eq!(environments.len(), 2, "{what}");
    for environment in &environments {
        assert!(environment.provisioned, "{what}: {environment:?}");
        let owned = "select count(*) from pg_database d join pg_roles r on r.oid = d.datdba where r.rolname = $1";
        assert_eq!(
            database.count(owned, &environment.database_role).await,
            1,
            "{what}: a database"
        );
        let named = "select count(*) from pg_database where datname = $1";
        assert_eq!(
            database.count(named, &environment.database_name).await,
            1,
            "{what}: of its name"
        );
        assert!(world.bucket(environment).is_dir(), "{what}: a bucket");
        let observed = world
            .engine
            .observe(EnvironmentId::new(environment.id))
            .await;
        assert!(observed.is_ok(), "{what}: a workload: {observed:?}");
    }
    let page = browser.get(&format!("/apps/{APP}")).await;
    assert_eq!(page.status, StatusCode::OK, "{what}");
    assert!(page.body.contains("Runs on Cloud"), "{what}: {}", page.body);
    let page = browser.get(&format!("/apps/{APP}/environments/test")).await;
    assert!(
        page.body.contains("Deploy a package"),
        "{what}: {}",
        page.body
    );
    let page = browser.get(&format!("/operations/{app}")).await;
    assert_eq!(page.status, StatusCode::OK, "{what}");
}
