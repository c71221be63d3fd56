//! An app of three instances under load: whatever happens to it, no request fails.

use crate::browser::Browser;
use crate::load::Load;
use crate::program::Process;
use crate::wait::{turn, until};
use crate::world::World;
use domain::states::InstanceState;
use engine::observation::Instance;
use reqwest::StatusCode;
use rustix::process::Signal;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_whatever_happens_to_instances() {
    let _turn = turn().await;
    let world = World::new().await;
    let (_portal, browser) = world.serving(3).await;
    let stage = Stage {
        host: world.host().await,
        world: &world,
        browser: &browser,
    };
    stage.kill().await;
    stage.hang().await;
    stage.scale().await;
    stage.change_memory().await;
    stage.deploy_another().await;
    stage.deploy_a_broken_one().await;
}

struct Stage<'a> {
    host: String,
    world: &'a World,
    browser: &'a Browser,
}

impl Stage<'_> {
    async fn load(&self) -> Load {
        Load::start(self.world.apps, &self.host).await
    }

    async fn kill(&self) {
        let (load, before) = (self.load().await, self.world.processes().await);
        before[1].signal(Signal::KILL);
        let instance = self.replaced(1, before[1]).await;
        load.end_without_failure("kill -9 of an instance").await;
        assert_eq!(
            instance.last_crash.expect("a crash").reason,
            "killed by signal 9"
        );
        self.crash_is_shown(1, "killed by signal 9").await;
        let after = self.world.processes().await;
        assert_eq!(
            (after[0], after[2]),
            (before[0], before[2]),
            "the others run on"
        );
    }

    async fn hang(&self) {
        let (load, before) = (self.load().await, self.world.processes().await);
        before[2].signal(Signal::STOP);
        let instance = self.replaced(2, before[2]).await;
        load.end_without_failure("SIGSTOP of an instance").await;
        let reason = instance.last_crash.expect("a crash").reason;
        assert!(reason.starts_with("did not answer for"), "{reason}");
        self.crash_is_shown(2, "did not answer for").await;
    }

    async fn scale(&self) {
        let (load, before) = (self.load().await, self.world.processes().await);
        for (instances, kept) in [(1, 1), (5, 1), (3, 3)] {
            let earlier = self.world.processes().await;
            self.world.scale(self.browser, instances, 256).await;
            let now = self.world.processes().await;
            assert_eq!(now.len(), usize::from(instances));
            assert_eq!(
                now[..kept],
                earlier[..kept],
                "those that stay are not touched"
            );
        }
        load.end_without_failure("scale 3 → 1 → 5 → 3").await;
        assert_eq!(self.world.processes().await[0], before[0]);
    }

    async fn change_memory(&self) {
        let (load, before) = (self.load().await, self.world.processes().await);
        self.world.scale(self.browser, 3, 384).await;
        load.end_without_failure("memory 256 → 384 MiB").await;
        let after = self.world.processes().await;
        assert!(after.len() == 3 && after.iter().all(|process| !before.contains(process)));
        assert!(
            self.world
                .instances()
                .await
                .iter()
                .all(|it| it.memory_limit_bytes == 384 << 20)
        );
    }

    async fn deploy_another(&self) {
        let package = self.world.upload(self.browser, "1.1.0", &[]).await;
        let load = self.load().await;
        let operation = self.world.deploy(self.browser, &package).await;
        load.end_without_failure("deploy of a new version").await;
        assert_eq!(operation.state, "succeeded", "{operation:?}");
        let instances = self.world.instances().await;
        assert!(
            instances.len() == 3 && instances.iter().all(|it| it.package.ends_with("1.1.0")),
            "{instances:?}"
        );
    }

    async fn deploy_a_broken_one(&self) {
        let package = self
            .world
            .upload(self.browser, "1.2.0", &["--fail-start"])
            .await;
        let (load, before) = (self.load().await, self.world.processes().await);
        let operation = self.world.deploy(self.browser, &package).await;
        load.end_without_failure("deploy of a broken version").await;
        assert_eq!(operation.state, "failed", "{operation:?}");
        let reason = operation.error.expect("a reason");
        let after = self.until_three_serve().await;
        assert_eq!(after, before, "the old version's processes serve on");
        let page = self.page().await;
        assert!(page.contains("1.1.0"), "{page}");
        assert!(
            !reason.is_empty() && page.contains("Failed"),
            "{reason}: {page}"
        );
    }

    /// Waits until three instances of the wanted version serve and nothing else is there.
    async fn until_three_serve(&self) -> Vec<Process> {
        until("the old state", async || {
            let instances = self.world.instances().await;
            let ready = instances
                .iter()
                .all(|it| it.state == InstanceState::Ready && it.current);
            (instances.len() == 3 && ready).then_some(())
        })
        .await;
        self.world.processes().await
    }

    /// Waits for another process at an index, ready.
    async fn replaced(&self, index: u16, old: Process) -> Instance {
        until("the replacement", async || {
            let ready = |it: &Instance| {
                it.index == index && it.state == InstanceState::Ready && it.pid != Some(old.pid)
            };
            self.world.instances().await.into_iter().find(ready)
        })
        .await
    }

    /// Waits until the crash is stored and on the page.
    async fn crash_is_shown(&self, index: i16, reason: &str) {
        until("the crash event", async || {
            let query = "select message from environment_events where kind = 'crashed' and instance_index = $1";
            let told: Vec<String> = sqlx::query_scalar(query).bind(index).fetch_all(&self.world.database.pool).await.ok()?;
            told.iter().any(|message| message.contains(reason)).then_some(())
        })
        .await;
        let page = self.page().await;
        assert!(page.contains(reason), "{page}");
    }

    async fn page(&self) -> String {
        let page = self.browser.get("/apps/shop/environments/test").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        page.body
    }
}
