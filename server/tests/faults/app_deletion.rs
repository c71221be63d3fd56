//! A portal that dies while it deletes an app: the next one completes it, and nothing is left.

use crate::deeds::function;
use crate::wait::{turn, until};
use crate::world::{APP, World};
use domain::ids::EnvironmentId;
use engine::{Engine, EngineError};
use futures::StreamExt;
use futures::stream;
use reqwest::Method;
use rustix::process::Signal;

/// Installations at one time: each waits most of the time until the dead worker's lease has run out.
const AT_ONCE: usize = 5;
const STEPS: [&str; 5] = ["instances", "databases", "buckets", "packages", "names"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_that_dies_while_it_deletes_leaves_nothing_behind() {
    let _turn = turn().await;
    let points = STEPS
        .iter()
        .flat_map(|step| ["before", "after"].map(|when| format!("app_delete:{step}:{when}:abort")));
    stream::iter(points)
        .for_each_concurrent(AT_ONCE, |point| Box::pin(dies_at(point)))
        .await;
}

async fn dies_at(point: String) {
    let world = World::new().await;
    let portal = world.portal(Some(&point)).await;
    let browser = world.signed_in(&portal).await;
    world.create_app(&browser).await;
    let environments = world.database.environments(APP).await;
    let (app, _) = world.database.app(APP).await.expect("the app's row");
    let request = browser
        .request(Method::POST, &function("delete_app"))
        .header("accept", "application/json")
        .form(&[("app", APP), ("typed_name", "Shop")]);
    // The portal may die before it has answered.
    drop(request.send().await);
    let signal = portal.program.ended().await;
    assert_eq!(signal, Some(Signal::ABORT.as_raw()), "{point}");
    let left = world.database.operation(app).await.expect("the operation");
    assert!(!left.finished, "{point}: {left:?}");

    let _portal = world.portal(None).await;
    let operation = world.finished(app).await;
    assert_eq!(operation.state, "succeeded", "{point}: {operation:?}");
    until(format!("{point}: the app's row to go"), async || {
        world.database.app(APP).await.is_none().then_some(())
    })
    .await;
    for environment in &environments {
        for question in [
            "select count(*) from pg_database where datname = $1",
            "select count(*) from pg_roles where rolname = $1",
        ] {
            let name = &environment.database_name;
            let found = world.database.count(question, name).await;
            assert_eq!(found, 0, "{point}: {question}");
        }
        assert!(!world.bucket(environment).exists(), "{point}: a bucket");
        let id = EnvironmentId::new(environment.id);
        let observed = world.engine.observe(id).await;
        assert!(
            matches!(observed, Err(EngineError::NotFound)),
            "{point}: {observed:?}"
        );
    }
    println!("{point}: completed by the next portal");
}
