//! PostgreSQL does not answer the portal for a while.

use crate::browser::Browser;
use crate::proxy::{Proxy, Way};
use crate::wait::{turn, until};
use crate::world::{APP, Portal, World};
use reqwest::StatusCode;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_the_portal_says_so_and_recovers() {
    let _turn = turn().await;
    let world = World::new().await;
    let proxy = Proxy::before(world.database_server()).await;
    let mut portal = world.portal_through(proxy.address).await;
    let browser = world.signed_in(&portal).await;
    for way in [Way::Closed, Way::Silent] {
        proxy.turn(way);
        refuses_clearly(&browser, way).await;
        portal.program.check();
        proxy.turn(Way::Open);
        recovers(&browser, way).await;
        assert_eq!(
            world.database.app(APP).await,
            None,
            "{way:?}: nothing is half done"
        );
        assert_eq!(
            world
                .database
                .count("select count(*) from sagas where name like $1", "%")
                .await,
            0
        );
    }
    in_the_middle(&world, &browser, &proxy, portal).await;
}

/// Everything that needs the database is refused, and what does not is served.
async fn refuses_clearly(browser: &Browser, way: Way) {
    assert_eq!(
        browser.get("/healthz").await.status,
        StatusCode::OK,
        "{way:?}: alive"
    );
    unready(browser).await;
    // Asked at once: each waits as long as the portal waits for its database.
    let (ready, page, creation) = tokio::join!(
        browser.get("/readyz"),
        browser.get("/apps"),
        browser.send(World::creation(browser))
    );
    for answer in [&ready, &page, &creation] {
        let (path, body) = (&answer.path, &answer.body);
        assert_eq!(
            answer.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{way:?}: {path}: {body}"
        );
        assert!(
            body.contains("database does not answer"),
            "{way:?}: {path}: {body}"
        );
    }
}

/// Waits until the portal has noticed that its database is away: it asks once a second at most.
async fn unready(browser: &Browser) {
    until("the portal's own word", async || {
        let ready = browser.get("/readyz").await;
        (ready.status == StatusCode::SERVICE_UNAVAILABLE).then_some(())
    })
    .await;
}

async fn recovers(browser: &Browser, way: Way) {
    until(format!("the recovery after {way:?}"), async || {
        let ready = browser.get("/readyz").await;
        let page = browser.get("/apps").await;
        (ready.status == StatusCode::OK && page.status == StatusCode::OK).then_some(())
    })
    .await;
}

/// The database goes while an app is created: the operation goes on when it is back.
async fn in_the_middle(world: &World, browser: &Browser, proxy: &Proxy, mut portal: Portal) {
    let answer = tokio::spawn(World::creation(browser).send());
    let (app, _) = until("the operation", async || world.database.app(APP).await).await;
    proxy.turn(Way::Closed);
    drop(answer.await);
    unready(browser).await;
    proxy.turn(Way::Open);
    let operation = world.finished(app).await;
    assert_eq!(operation.state, "succeeded", "{operation:?}");
    portal.program.check();
    recovers(browser, Way::Closed).await;
    let page = browser.get(&format!("/apps/{APP}")).await;
    assert!(page.body.contains("Runs on Cloud"), "{}", page.body);
}
