//! A portal that dies while it deploys: the next one completes the deployment.

use crate::deeds::function;
use crate::wait::turn;
use crate::world::{APP, World};
use futures::StreamExt;
use futures::stream;
use reqwest::Method;
use rustix::process::Signal;

/// Installations at one time.
const AT_ONCE: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_that_dies_while_it_deploys_leaves_the_version_serving() {
    let _turn = turn().await;
    let points = ["want:after", "apply:after", "wait:after"]
        .map(|place| format!("environment_change:{place}:abort"));
    stream::iter(points)
        .for_each_concurrent(AT_ONCE, |point| Box::pin(dies_at(point)))
        .await;
}

async fn dies_at(point: String) {
    let world = World::new().await;
    let portal = world.portal(Some(&point)).await;
    let browser = world.signed_in(&portal).await;
    world.create_app(&browser).await;
    let package = world.upload(&browser, "1.0.0", &[]).await;
    let fields = [("app", APP), ("environment", "test"), ("package", &package)];
    let request = browser
        .request(Method::POST, &function("deploy_environment"))
        .header("accept", "application/json")
        .form(&fields);
    // The portal may die before it has answered.
    drop(request.send().await);
    let signal = portal.program.ended().await;
    assert_eq!(signal, Some(Signal::ABORT.as_raw()), "{point}");

    let _portal = world.portal(None).await;
    let operation = world.finished(world.test().await.id).await;
    assert_eq!(operation.state, "succeeded", "{point}: {operation:?}");
    let instances = world.instances().await;
    assert!(
        instances.len() == 1 && instances[0].current,
        "{point}: {instances:?}"
    );
    println!("{point}: completed by the next portal");
}
