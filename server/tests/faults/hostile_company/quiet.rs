//! The quiet company: visitors of its app, somebody who watches its page, and somebody who scales it.

use crate::browser::{Browser, PAGE as HTML};
use crate::load::Load;
use crate::world::{APP, World};
use reqwest::{Client, Method, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// The page that is watched.
pub const PAGE: &str = "/apps/shop/environments/test";
/// What it says while all is well.
pub const WELL: &str = "All instances answer.";
/// What it says when what it shows is old, or an instance has ended by itself.
const ILL: [&str; 2] = ["is silent", "crashed"];
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What the quiet company does meanwhile.
pub struct Quiet<'a> {
    world: &'a World,
    ada: &'a Browser,
    load: Load,
    watcher: JoinHandle<Watched>,
    stop: Arc<AtomicBool>,
}

/// What was seen on the page.
#[derive(Debug, Default)]
struct Watched {
    looks: u32,
    failed: Vec<String>,
    not_well: Vec<String>,
}

impl<'a> Quiet<'a> {
    pub async fn start(world: &'a World, ada: &'a Browser) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ask = ada.request(Method::GET, PAGE).header("accept", HTML);
        let request = ask.build().expect("a request");
        Self {
            load: Load::start(world.apps, &world.host().await).await,
            watcher: tokio::spawn(watch(request, stop.clone())),
            stop,
            world,
            ada,
        }
    }

    /// Scales, as somebody at work does; the operations end.
    pub async fn work(&self) {
        for instances in [3, 2] {
            self.world.scale(self.ada, instances, 256).await;
        }
    }

    /// Ends; nothing of it all may have failed.
    pub async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        let watched = self.watcher.await.expect("a watcher");
        self.load.end_without_failure("a hostile neighbour").await;
        println!(
            "a hostile neighbour: {APP}'s page was looked at {} times, {} failed, {} not well",
            watched.looks,
            watched.failed.len(),
            watched.not_well.len()
        );
        assert!(watched.looks > 10, "{watched:?}");
        assert!(watched.failed.is_empty(), "{watched:#?}");
        assert!(watched.not_well.is_empty(), "{watched:#?}");
    }
}

async fn watch(request: reqwest::Request, stop: Arc<AtomicBool>) -> Watched {
    let client = Client::builder().no_proxy().build().expect("a client");
    let mut watched = Watched::default();
    while !stop.load(Ordering::Relaxed) {
        let request = request.try_clone().expect("a request without a body");
        watched.looks += 1;
        match client.execute(request).await {
            Ok(answer) if answer.status() == StatusCode::OK => {
                let page = answer.text().await.unwrap_or_default();
                if ILL.iter().any(|sign| page.contains(sign)) {
                    watched.not_well.push(page);
                }
            }
            other => watched.failed.push(format!("{other:?}")),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    watched
}
