//! The task of a workload, started again whenever it fails: from what is on disk, as after a start of the cell.

use super::{Ask, WorkloadTask};
use crate::supervisor::shared::Shared;
use crate::supervisor::takeover::{self, Found};
use crate::watched_task;
use domain::ids::EnvironmentId;
use engine::observation::{Observation, Rollout};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

/// The first pause before a task that failed is started again; it doubles with each failure.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What is seen of a workload, and a word as soon as the ingress knows it.
pub type Kept = (Arc<Mutex<Observation>>, oneshot::Receiver<()>);

/// Keeps a workload as wanted until it is taken away.
pub fn keep(shared: &Arc<Shared>, found: Found, asks: mpsc::Receiver<Ask>) -> Kept {
    let wanted = &found.workload.record.wanted;
    let id = wanted.id;
    let observed = Arc::new(Mutex::new(Observation {
        id,
        revision: wanted.revision,
        instances: Vec::new(),
        rollout: Rollout::Converged,
        observed_at: OffsetDateTime::now_utc(),
    }));
    let (opened, known) = oneshot::channel();
    let keeper = Keeper {
        shared: shared.clone(),
        id,
        asks: Arc::new(tokio::sync::Mutex::new(asks)),
        observed: observed.clone(),
    };
    tokio::spawn(keeper.run(found, opened));
    (observed, known)
}

/// How a workload's task is called where it failed.
pub fn name(id: EnvironmentId) -> String {
    format!("the workload {id}")
}

struct Keeper {
    shared: Arc<Shared>,
    id: EnvironmentId,
    /// What is asked of the task outlives it.
    asks: Arc<tokio::sync::Mutex<mpsc::Receiver<Ask>>>,
    observed: Arc<Mutex<Observation>>,
}

impl Keeper {
    async fn run(self, found: Found, opened: oneshot::Sender<()>) {
        let (mut found, mut opened) = (found, Some(opened));
        while let Err(why) = self.once(found, opened.take()).await {
            let failures = self.shared.note_failure(&name(self.id), &why);
            let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10));
            sleep(doubled.min(LONGEST_PAUSE)).await;
            found = takeover::find_one(&self.shared.layout, self.id);
        }
    }

    async fn once(&self, found: Found, opened: Option<oneshot::Sender<()>>) -> Result<(), String> {
        let (shared, observed) = (self.shared.clone(), self.observed.clone());
        let asks = self.asks.clone();
        watched_task::run(async move {
            let mut asks = asks.lock().await;
            let (task, inbox) = WorkloadTask::open(shared, found, observed);
            if let Some(opened) = opened {
                let _ = opened.send(());
            }
            task.keep(inbox, &mut asks).await;
        })
        .await
    }
}
