//! Several portals on one database.

use crate::load;
use crate::wait::{turn, until};
use crate::world::World;
use reqwest::StatusCode;
use rustix::process::Signal;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_portal_began_the_other_completes() {
    let _turn = turn().await;
    let world = World::new().await;
    let worker = world.portal(None).await;
    let browser = world.signed_in(&worker).await;
    world.create_app(&browser).await;
    let package = world.upload(&browser, "1.0.0", &[]).await;

    // The other one is there and stands still, so that it is certain who works.
    let other = world.replica().await;
    other.program.signal(Signal::STOP);
    world
        .ask(&browser, "deploy", &[("package", &package)])
        .await;
    let test = world.test().await;
    let begun = until("a worker", async || {
        let operation = world.database.operation(test.id).await?;
        (operation.state == "running" && operation.next_step > 0).then_some(operation)
    })
    .await;
    assert!(!begun.finished);
    worker.program.kill();
    other.program.signal(Signal::CONT);

    let operation = world.finished(test.id).await;
    assert_eq!(operation.state, "succeeded", "{operation:?}");
    assert_eq!(operation.id, begun.id);
    // Once to take it over, and again each time it was parked since.
    assert!(operation.fence > begun.fence, "{operation:?}, {begun:?}");
    let answer = load::get(
        &world.client,
        world.apps,
        &world.host().await,
        "/api/instance",
    )
    .await;
    assert!(answer.is_ok(), "{answer:?}");

    // A session is everybody's.
    let at_the_other = other.browser();
    let session = browser
        .cookie(server::web::session::COOKIE)
        .expect("a session");
    at_the_other.set_cookie(server::web::session::COOKIE, &session);
    let page = at_the_other.get("/apps/shop/environments/test").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
}
