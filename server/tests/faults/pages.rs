//! Many pages at once, on as many threads as the portal has, and one after another, when every thread is free
//! to run another part of the same page: each is whole, and none waits for ever.

use crate::browser::Browser;
use crate::wait::turn;
use crate::world::World;
use futures::StreamExt;
use reqwest::StatusCode;

const PAGES: [&str; 6] = [
    "/apps",
    "/apps/new",
    "/apps/shop",
    "/apps/shop/packages",
    "/apps/shop/environments/test",
    "/operations",
];
const AT_ONCE: usize = 16;
const ROUNDS: usize = 50;
const ROUNDS_ONE_BY_ONE: usize = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_whole_however_many_are_asked_for_at_once() {
    every_page_is_whole(AT_ONCE, ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_whole_when_no_other_is_asked_for() {
    every_page_is_whole(1, ROUNDS_ONE_BY_ONE).await;
}

async fn every_page_is_whole(at_once: usize, rounds: usize) {
    let _turn = turn().await;
    let world = World::new().await;
    let mut portal = world.portal(None).await;
    let browser = world.signed_in(&portal).await;
    world.create_app(&browser).await;

    let asked = PAGES.iter().cycle().take(PAGES.len() * rounds);
    let bad: Vec<String> = futures::stream::iter(asked)
        .map(|path| whole(&browser, path))
        .buffer_unordered(at_once)
        .filter_map(async |bad| bad)
        .collect()
        .await;
    assert_eq!(bad, Vec::<String>::new());
    portal.program.check();
}

/// What is wrong with a page.
async fn whole(browser: &Browser, path: &str) -> Option<String> {
    let page = browser.get(path).await;
    let titled = page.body.contains("· Cloud Portal</title>") && page.body.contains("<h1");
    // The framework's own word for a page whose parts have all arrived.
    let complete = page.body.contains("</main>") && page.body.contains("__INCOMPLETE_CHUNKS=[]");
    (page.status != StatusCode::OK || !titled || !complete).then(|| {
        format!(
            "{path}: {}, title: {titled}, complete: {complete}",
            page.status
        )
    })
}
