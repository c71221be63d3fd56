//! The cell is killed while an app runs.

use crate::deeds::function;
use crate::load;
use crate::program::Process;
use crate::wait::{turn, until};
use crate::world::World;
use reqwest::StatusCode;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_outlive_the_cell_and_nothing_is_restarted() {
    let _turn = turn().await;
    let mut world = World::new().await;
    let (_portal, browser) = world.serving(2).await;
    let host = world.host().await;
    let before = world.processes().await;
    assert_eq!(before.len(), 2);

    world.kill_cell();
    assert!(
        load::get(&world.client, world.apps, &host, "/api/load")
            .await
            .is_err(),
        "nobody listens"
    );
    let page = browser.get("/apps/shop/environments/test").await;
    assert_eq!(page.status, StatusCode::OK, "the portal serves on");
    let scale = [
        ("app", "shop"),
        ("environment", "test"),
        ("instances", "9"),
        ("memory_mib", "256"),
    ];
    let refused = browser.call(&function("scale_environment"), &scale).await;
    assert!(
        refused.body.contains("allows 8 instances"),
        "{}",
        refused.body
    );
    for process in &before {
        assert_eq!(
            Process::of(process.pid),
            Some(*process),
            "the instance runs on"
        );
    }

    world.start_cell().await;
    let answer = load::get(&world.client, world.apps, &host, "/api/load").await;
    assert!(
        answer.is_ok(),
        "served as soon as the cell answers: {answer:?}"
    );
    assert_eq!(world.processes().await, before, "the same processes");
    for instance in world.instances().await {
        assert_eq!((instance.restarts, instance.last_crash), (0, None));
    }
    until("the page", async || {
        let page = browser.get("/apps/shop/environments/test").await;
        page.body.contains("All instances answer.").then_some(())
    })
    .await;
    let question = "select count(*) from environment_events where kind = $1";
    until("the events", async || {
        (world.database.count(question, "adopted").await == 2).then_some(())
    })
    .await;
    assert_eq!(
        world.database.count(question, "starting").await,
        2,
        "as many as at the first start"
    );
    assert_eq!(world.database.count(question, "crashed").await, 0);
}
