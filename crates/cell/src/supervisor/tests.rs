//! What happens to a workload whose own task fails.

use super::{Ask, Found, Shared, Supervisor, hold};
use crate::config::Config;
use crate::ingress::table::Table;
use crate::layout::Layout;
use crate::record::WorkloadRecord;
use crate::sandbox::Sandbox;
use crate::stored::StoredWorkload;
use crate::supervisor::refusal::Kind;
use domain::ids::EnvironmentId;
use engine::workload::Workload;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

fn workload(revision: i64) -> Workload {
    Workload {
        id: EnvironmentId::new(Uuid::from_u128(1)),
        revision,
        title: "Shop / Test".to_owned(),
        hosts: vec!["shop.localhost".to_owned()],
        instances: 1,
        template: None,
        debugger_instance: 0,
        drain_seconds: 1,
        files_bytes: None,
    }
}

#[tokio::test]
async fn a_task_that_fails_is_seen_counted_and_started_again_with_what_was_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let layout = Layout::open(folder.path()).expect("open");
    let sandbox = Sandbox::nothing("for a test".to_owned(), folder.path());
    let config = Config::new(folder.path().to_owned());
    let shared = Shared::open(config, layout, sandbox, Table::new(), std::iter::empty());
    let shared = Arc::new(shared.expect("open"));
    let record = WorkloadRecord::new(workload(1));
    shared.save_workload(&record).expect("written");
    let workload_found = StoredWorkload {
        record,
        unreadable: None,
    };
    let found = Found {
        workload: workload_found,
        instances: Vec::new(),
    };
    let (held, known) = hold(&shared, found);
    known.await.expect("known");
    let asks = held.asks.clone();
    let id = workload(1).id;
    let supervisor = Supervisor {
        shared,
        workloads: tokio::sync::Mutex::new(BTreeMap::from([(id.to_string(), held)])),
    };
    supervisor.apply(workload(2)).await.expect("applied");

    // What is asked right behind it may be lost with the task; then it is to be asked again.
    asks.send(Ask::Fail).await.expect("asked");
    match supervisor.apply(workload(3)).await {
        Ok(()) => {}
        Err(refusal) => {
            assert_eq!(refusal.kind, Kind::NotNow, "{refusal}");
            supervisor.apply(workload(3)).await.expect("applied");
        }
    }
    let observed = supervisor.observe(id).await.expect("known");
    assert_eq!(observed.revision, 3);
    let problems = supervisor.info(String::new()).problems;
    assert!(
        problems.len() == 1
            && problems[0].contains("failed 1 times")
            && problems[0].contains("as it was told"),
        "{problems:?}"
    );
    asks.send(Ask::Fail).await.expect("asked");
    supervisor.remove(id).await;
    assert!(supervisor.observe(id).await.is_none());
    assert!(supervisor.info(String::new()).problems.is_empty());
}
