//! What a bench sees of its engine, waited for.

use super::*;

impl Bench {
    /// Waits until `observed` gives something.
    pub async fn until<T>(
        &self,
        workload: &Workload,
        what: &str,
        observed: impl Fn(&Observation) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let observation = self.engine.observe(workload.id).await.expect("observed");
            if let Some(found) = observed(&observation) {
                return found;
            }
            assert!(
                Instant::now() < deadline,
                "{what} does not come about: {observation:#?}\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the revision is reached; gives the pids by index.
    pub async fn converged(&self, workload: &Workload) -> Vec<u32> {
        self.until(workload, "the wanted state", |observation| {
            let converged = observation.rollout == Rollout::Converged
                && observation.revision == workload.revision
                && observation.instances.len() == usize::from(workload.instances);
            let pids = observation.instances.iter().map(|i| i.pid.expect("a pid"));
            converged.then(|| pids.collect())
        })
        .await
    }

    pub async fn failed(&self, workload: &Workload) -> (String, Vec<String>) {
        self.until(workload, "the failure", |observation| {
            match &observation.rollout {
                Rollout::Failed { reason, log } => Some((reason.clone(), log.clone())),
                Rollout::Converged | Rollout::Rolling { .. } => None,
            }
        })
        .await
    }

    pub async fn instance(&self, workload: &Workload, index: u16) -> Instance {
        let observation = self.engine.observe(workload.id).await.expect("observed");
        let mut instances = observation.instances.into_iter();
        instances
            .find(|instance| instance.index == index)
            .expect("an instance")
    }

    /// Waits for another process at `index`, ready.
    pub async fn replaced(&self, workload: &Workload, index: u16, old: u32) -> Instance {
        self.until(workload, "the replacement", |observation| {
            let mut instances = observation.instances.iter();
            let ready = |i: &&Instance| {
                i.index == index && i.state == InstanceState::Ready && i.pid != Some(old)
            };
            instances.find(ready).cloned()
        })
        .await
    }

    /// Kills `index`, whose process is `pid`, until it waits before it is started again.
    pub async fn crashed_out(&self, workload: &Workload, index: u16, mut pid: u32) -> Instance {
        let kill = rustix::process::Signal::KILL;
        for _ in 0..3 {
            signal(pid, kill);
            let replacement = self.replaced(workload, index, pid).await;
            pid = replacement.pid.expect("a pid");
        }
        signal(pid, kill);
        self.until(workload, "the pause", |observation| {
            let mut instances = observation.instances.iter();
            let waits = |i: &&Instance| i.index == index && i.restarts == 4 && i.pid.is_none();
            instances.find(waits).cloned()
        })
        .await
    }

    pub async fn events(&self, workload: &Workload, kind: EventKind) -> Vec<Event> {
        let mut events = self.engine.events(0, 0).await.expect("events");
        events.retain(|event| event.workload == workload.id && event.kind == kind);
        events
    }

    /// Waits until every process of `pids` is gone.
    pub async fn ended(&self, pids: &[u32]) {
        let deadline = Instant::now() + PATIENCE;
        while pids.iter().any(|pid| runs(*pid)) {
            assert!(Instant::now() < deadline, "{pids:?} still run");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until nothing of any instance is left.
    pub async fn cleaned(&self) {
        let instances = self.data().join("instances");
        let left = || std::fs::read_dir(&instances).expect("a folder").count();
        let deadline = Instant::now() + PATIENCE;
        while self.containers() > 0 || left() > 0 {
            assert!(Instant::now() < deadline, "{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Containers of this cell that there still are.
    pub fn containers(&self) -> usize {
        std::fs::read_dir(self.data().join("runc")).map_or(0, Iterator::count)
    }
}
